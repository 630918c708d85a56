"""The cue words of the facts grammar and the checks, English and Chinese (both scripts).

Lists are small on purpose: each word was chosen for what it means in parent guides, and every
pattern is a plain alternation, linear in the length of the text.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE


def _zh(words: str) -> re.Pattern[str]:
    return re.compile("|".join(words.split()))


# A clause that forbids or advises against something.
PROHIBITION = {
    "en": re.compile(
        r"\b(?:(?:do not|don['’]t)(?! (?:mean|need|have to|seem|know|show))|never|must not|"
        r"mustn['’]t|should not|shouldn['’]t|should never|"
        r"must never|cannot be given|can['’]t be given|not to|is not safe|are not safe|not be|"
        r"isn['’]t safe|aren['’]t safe|not suitable|not recommended|not advised|unsuitable|"
        r"avoid(?:ed|ing)?|stay away from|keep away from|stop using|no longer use|"
        r"not (?:used?|given?|a treatment|for (?:use|babies|children)))\b",
        _I,
    ),
    "zh": _zh(
        "不要 不可 不得 不能 不应 不應 不宜 不许 不許 不建议 不建議 不推荐 不推薦 不用 禁止 "
        "禁用 禁忌 严禁 嚴禁 切勿 请勿 請勿 勿 别 別 避免 千万不 千萬不 不准 忌 不适合 "
        "不適合 不喝 不吃 不给 不給 不加 不喂 不餵"
    ),
}

STRONG_PROHIBITION = {
    "en": re.compile(r"\b(?:do not|don['’]t|never|must not|avoid)\b", _I),
    "zh": _zh("不要 不可 不得 禁 严禁 嚴禁 切勿 请勿 請勿 避免 千万别 千萬別"),
}

# Anything that turns a clause the other way in a rewrite: more ways than the card would use.
NEGATIVE = {
    "en": re.compile(
        r"\b(?:not|no|never|nevers|none|nothing|nor|neither|without|cannot|avoid(?:ed|ing|s|ance)?|"
        r"skip(?:ped|ping|s)?|stop(?:ped|ping|s)?|stay(?:s|ing)? (?:away|clear|out|off|in|home|"
        r"put)|"
        r"keep (?:\w+ )?(?:away|clear|out|off)|away (?:from|for)|off[- ]limits|off the (?:menu|"
        r"list|"
        r"table|plate|shopping)|steer(?:ing)? clear|clear of|leave (?:\w+ ){0,3}(?:out|off|alone|"
        r"be|in|"
        r"on the|to the|for later|behind|at home)|left (?:out|off|alone|in|on the)|limit(?:s|ed)?|"
        r"unsafe|unsuitable|unwise|unacceptable|dangerous|risky|contra-?indicated|ban(?:ned|s)?|"
        r"discouraged?|inadvisable|ill-advised|forbidden|forbids?|prohibited|rather than|"
        r"instead of|"
        r"in place of|myth|hold (?:off|the|back)|on hold|wait(?:s|ing)?|out of|rule[sd]? out|"
        r"resist|forget|ditch(?:ed)?|drop the|refrain|abstain|danger|hazard(?:ous)?|unnecessary|"
        r"unreliable|ineffective|inappropriate|impossible|off (?:it|your|the|them|limits)|"
        r"(?:is|are|goes|go) (?:out|off)|away|prevent(?:ed|s)?|only|exclud(?:ed?|es|ing)|"
        r"withh[eo]ld|discard(?:ed)?|bin(?:ned)?|throw|toss|nope|nah|don['’]ts|no[- ]?no|no-go|"
        r"hard (?:no|pass)|restrict(?:ed|s)?|defer(?:red)?|postpone[sd]?|delay(?:ed)?|save .{1,20} "
        r"for|give .{1,24} a miss|swap|fails?|refuse[sd]?|reject|hands off|lose the|minus|zero|"
        r"fewer|less|nobody|no one|nowhere|hardly|barely|rarely|lacks?|lacking|absent|absence|"
        r"before|until|till|not yet|later|over|done|enough of|beware|careful|caution|warning|"
        r"watch out|alarm|red flag|too (?:much|many|hot|young|early|soon|long|big|small|loose|"
        r"tight|high|low))\b|n['’]t\b|\w-free\b|[❌🚫⛔✖✗≠⚠🙅🛑]",
        _I,
    ),
    "zh": re.compile(
        r"不|别|別|勿|忌|禁|无|無|未|没|沒|避免|避开|避開|远离|遠離|拒绝|拒絕|停|少|❌|🚫|⛔|✖|×|"
        r"≠|⚠|🙅|"
        r"非|免|莫|代替|错|錯|扔|倒掉|弃|棄|危险|危險|当心|當心|小心|警惕|误区|誤區|谣言|謠言|"
        r"踩雷|雷区|"
        r"👎|☒|❎|否|拒|戒|慎|躲|绕[开道着]|繞[開道著]|退下|收起|避雷|忍住|放一放|推迟|推遲|暂缓|"
        r"暫緩|延后|延後|"
        r"等[过過满滿]|无效|無效|红线|紅線|杜绝|杜絕|打住|慢着|等到|再说|再說|再等|之前|以前|"
        r"以后再|以後再|只|仅|僅|才|甭|休想|省省"
    ),
}

# Permission or advice to do something, for flips in our own structured drafts.
# The plain ways to say no, for sentences that cite what they rest on.
PLAIN_NO = {
    "en": re.compile(
        r"\b(?:not|no|never|none|nothing|nor|neither|cannot|avoid(?:ed|ing|s)?|skip(?:ped|ping)?|"
        r"stay away|keep away|away from|off[- ]limits|instead of|rather than|refrain|unsafe|"
        r"unsuitable|contraindicated|forbidden|prohibited|banned|inadvisable|steer clear|"
        r"leave out|hold off)\b|n['’]t\b|[❌🚫⛔✖✗≠]",
        _I,
    ),
    "zh": re.compile(
        r"不|别|別|勿|忌|禁|无|無|未|没|沒|避免|远离|遠離|莫|拒|戒|免|甭|停用|"
        r"退下|避[开雷開]|绕[开道]|繞[開道]|杜绝|杜絕|❌|🚫|⛔|✖|☒|❎|👎|🙅|×|≠|非"
    ),
}

CONDITION = {
    "en": re.compile(
        r"\b(?:only (?:if|when|after|with|on|as|in|for|once)|unless|except|provided that|"
        r"as long as|"
        r"if|when|once|until|before|after|without)\b|\bonly\b",
        _I,
    ),
    "zh": _zh(
        "只有 只能 仅 僅 除非 除了 除外 如果 若 如 的话 的話 当 當 一旦 在医生 在醫生 "
        "医生指导 医嘱 遵医嘱 前提 必须 必須 须 者 时 時 后 後 前 才"
    ),
}
HARD_CONDITION = {
    "en": re.compile(
        r"\b(?:only (?:if|when|after|with|on|as|in|for|once)|unless|except (?:if|when|in|for|on)|"
        r"provided that|as long as|as prescribed|only)\b",
        _I,
    ),
    "zh": _zh(
        "只有 只能 仅限 僅限 仅在 除非 除外 才能 才可 前提 在医生指导 在醫生指導 医生指导下 "
        "遵医嘱 遵醫囑 经医生 經醫生 须在 須在"
    ),
}

# Things that must be acted on at once, and whom to turn to.
URGENT = {
    "en": re.compile(
        r"\b(?:emergenc(?:y|ies)|urgent(?:ly)?|immediate(?:ly)?|at once|right away|straight away|"
        r"straightaway|without delay|same[- ]day|the same day|as soon as possible|"
        r"do(?:n['’]t| not) wait|"
        r"ambulance|911|999|112|111|A&E|emergency (?:room|department))\b|\bER\b",
        _I,
    ),
    "zh": _zh(
        "立即 立刻 马上 馬上 尽快 盡快 儘快 紧急 緊急 急诊 急診 急救 120 119 赶紧 趕緊 赶快 "
        "立马 立馬 即刻 即时 即時 尽早 儘早 尽速 儘速 抓紧 抓緊 直奔 别等 別等 别拖 別拖 "
        "[当當][天日][就去看内內到联聯] "
        "不要等 不能拖 送医 送醫 火速 第一时间 速"
    ),
}
WHO = {
    "en": re.compile(
        r"\b(?:doctors?|GP|nurses?|midwi(?:fe|ves)|health (?:visitor|professional|care|worker)s?|"
        r"health-?care (?:provider|professional)s?|pharmacists?|paediatricians?|pediatricians?|"
        r"hospital|maternity unit|emergency (?:services?|room|department|help|care)|"
        r"ambulance|911|999|"
        r"112|111|poison (?:control|cent(?:er|re)|helpline)|dentists?|dermatologists?|dietiti?ans?|"
        r"medical (?:help|advice|attention|care|assessment|review)|clinic|helpline|"
        r"provider)\b|A&E|\bER\b",
        _I,
    ),
    "zh": _zh(
        "医生 醫生 医师 醫師 大夫 护士 護士 助产士 助產士 医院 醫院 急诊 急診 120 就医 就醫 "
        "就诊 就診 看医 看醫 送医 送醫 急救 儿科 兒科 产科 產科 药师 藥師 专业人员 热线 "
        "熱線 门诊 門診 牙医 牙醫 医护 醫護 119 求医 求醫 送院 到院 急症"
    ),
}
CONTACT_VERB = {
    "en": re.compile(
        r"\b(?:call|phone|ring|dial|contact|see|seek|get|speak|talk|tell|ask|go to|visit|consult|"
        r"needs?|bring|check with|warrants?|requires?|demands?|report|calls? for|merits?)\b|"
        r"[☎📞🚑🆘🚨]",
        _I,
    ),
    "zh": _zh(
        "拨打 撥打 打 联系 聯繫 咨询 諮詢 请教 问 問 就医 就醫 就诊 就診 看 去 送 找 告诉 请 到 叫"
    ),
}

# Words that promise; hedges of the card they replace.
CERTAIN = {
    "en": re.compile(
        r"\b(?:guarantee[ds]?|undoubtedly|proven to|(?:will|can|always) cure|(?:always|definitely|"
        r"certainly) (?:works?|helps?|prevents?|stops?|safe|gets?|clears?)|"
        r"completely|entirely|reliably|100\s?%|foolproof|no risk|risk-free|never fails?|every time|"
        r"for sure|without fail|in every case|totally safe|perfectly safe|sure to|bound to|"
        r"eliminates?|will (?:prevent|stop|fix|solve|end|protect|keep|make sure))\b",
        _I,
    ),
    "zh": _zh(
        "(?<!不)一定(?:能|会|會|可以|好|没|沒|不会|不會|收|受|落) 就一定 必定 必然 肯定(?!要|得) "
        "保[证證管](?!饮|飲|摄|攝|睡|营|營|充|足|安|休|水|奶) 根治 断根 斷根 彻底 徹底 100% "
        "百分[之百]百? "
        "[绝絕][对對](?!不[能要可行得准许許]|别|別|禁) [绝絕]不[会會] 完全(?:不[会會]|消除|避免|"
        "能) "
        "包好 万无一失 萬無一失 必能 必会 必會 确保 永不 再也不[会會]? 从此不 從此不 "
        "百[试試]百[灵靈] "
        "没有例外 沒有例外 [无無]一例外 一次[也都]不 人人[都能] 立竿[见見]影 一[喝抹用吃涂]就 "
        "[铁鐵]定 "
        "准[能会保] 零[风風][险險]"
    ),
}
# A bare promise and the doubt it must not replace.
PROMISE = {
    "en": re.compile(
        r"\b(?:will|ensures?|makes? sure|prevents?|eliminates?|stops?|cures?|protects?|causes?|"
        r"does away with|clears? up|works?)\b",
        _I,
    ),
    "zh": _zh("会 會 能 必 就能 就会 确保 確保 保证 保證 治好 防止 避免"),
}
DOUBT = {
    "en": re.compile(r"\b(?:may|might|could|can help|possibly|perhaps|is thought to|seems?)\b", _I),
    "zh": _zh("可能 或许 或許 也许 也許 有助 不一定 未必"),
}
HEDGE = {
    "en": re.compile(
        r"\b(?:may|might|can|could|usually|often|sometimes|some|most|generally|typically|likely|"
        r"possibly|about|tends?|many|seems?|appears?|suggests?|not always)\b",
        _I,
    ),
    "zh": _zh(
        "可能 一般 通常 多数 多數 大多 大都 大部分 大半 多半 有时 有時 有的 部分 往往 也许 也許 "
        "常 有助 "
        "或许 或許 或可 未必 不一定 不少 很多 "
        "可(?=发|發|致|造|引|出|影|伤|傷|见|見|有|缓|緩|减|減|改|帮|幫|降)"
    ),
}

# An assistant at work: words no editor and no parent writes in a post.
CHATTER = {
    "en": re.compile(
        r"\bhere(?:['’]s| is| are) (?:the|your|a|my) (?:\w+ )?(?:expert|mom|engagement|rewritten|"
        r"revised|requested|final) (?:\w+ )?(?:version|rewrite|draft|post|card|text|output|json)\b|"
        r"\b(?:as an ai|as a language model|as your assistant|i am an ai|i['’]m an ai|"
        r"ai[- ]generated|"
        r"(?:sure|certainly|of course)[!,.] here|would you like me to|system prompt|user prompt|"
        r"source_ids|fact_ids|lorem ipsum|per your (?:request|instructions)|as instructed|"
        r"i['’]ve (?:rewritten|preserved|kept (?:all|every|the))|i have (?:rewritten|preserved)|"
        r"(?:provided|source|original) card|i (?:cannot|can['’]t|am unable to) (?:assist|comply|"
        r"rewrite)|(?:expert|engagement) (?:version|tone)|output only|max(?:imum)?\.? \d+ (?:words|"
        r"characters)|do not mention the (?:source|card|prompt)|include (?:a )?cta|"
        r"target (?:length|tone|audience):)|\[(?:s|f)\d{1,3}\]|"
        r"[\[(<{]\s?(?:system|user|assistant|tone|prompt|instructions?|style|format|note|length|"
        r"role|task)\s?[:\]>]|\"[a-z_]{2,20}\"\s?:|"
        r"(?<![^\W_])tone:\s?(?:expert|mom|mum|engagement)\b",
        _I,
    ),
    "zh": re.compile(
        r"以下是.{0,12}(?:版本|改写|文案|草稿)|作为(?:一[个名])?(?:AI|人工智能|语言模型)|"
        r"根据(?:您|你)?(?:提供|给出)的.{0,6}(?:卡片|内容|原文|资料)|系统提示词?|提示词|"
        r"改写(?:如下|后|版)|我(?:已|已经)(?:保留|改写|按)|(?:专家|互动)(?:版本|语气|口吻)|"
        r"好的[,，！!]?(?:以下|这是)|需要我(?:再|帮)|AI生成|人工智能生成|"
        r"source_ids|fact_ids|\[[sf]\d{1,3}\]|"
        r"[（(\[【][^）)\]】\n]{0,12}(?:语气|語氣|风格|風格|字数|字數|角色|任务|任務|格式|系统|"
        r"系統|提示)"
        r"\s?[:：]|控制在\s?\d+\s?字|\d+\s?字以[内內]|结尾需|結尾需|输出格式|輸出格式|"
        r"请按(?:以上|上述)"
    ),
}
# The same, but people sometimes write it too.
CHATTER_MAYBE = {
    "en": re.compile(
        r"\b(?:let me know if you(?:['’]d)? (?:like|want|need)|"
        r"(?:according to|as stated in|in) the card|the card (?:says|states|does not|"
        r"doesn['’]t)|note to (?:the )?editor|word count|"
        r"(?:i )?hope this (?:helps|works|meets)|feel free to (?:edit|adjust|modify|tweak)|"
        r"i was (?:asked|instructed)|as requested|my instructions|"
        r"i['’]ve (?:followed|adapted|included)|"
        r"in the (?:requested|specified) (?:tone|style|format)|facts? (?:preserved|retained))\b|"
        r"\[insert|\bTODO\b",
        _I,
    ),
    "zh": re.compile(
        r"(?:希望|如果)(?:以上|这).{0,8}(?:对你|对您|满意|有帮助)|如需.{0,10}(?:修改|调整|版本)|"
        r"原文(?:中|信息)|按照?(?:要求|指令)(?:改|写)|字数[:：]|(?:本|原|该|源)卡片|给编辑|"
        r"保留了(?:所有|全部)|(?:如有|若有)其他要求"
    ),
}

SALES = {
    "en": re.compile(
        r"(?:\b(?:discounts?|coupons?|promo codes?|use code|with code|code [A-Z0-9]{4,}|"
        r"\d{1,2}\s?% off|buy (?:now|yours|here|today)|order (?:now|today|yours|here)|"
        r"shop (?:now|here|our)|our (?:shop|store|app|bundle|range|product|course|starter)|"
        r"in our (?:shop|store)|(?:we|i) recommend (?:the )?[A-Z]\w+[A-Z]\w*|link in (?:bio|"
        r"profile)|"
        r"on sale|special offer|limited (?:time|offer|edition)|free (?:shipping|trial|"
        r"delivery|gift)|"
        r"best[- ]sell(?:er|ing)|multi[- ]?packs?|subscribe|"
        r"sign up (?:now|today|for our)|"
        r"download the \w+ app|sponsored|affiliate|swipe up|dm (?:me|us)|add to (?:cart|basket)|"
        r"going fast|while (?:stocks|supplies) last|money[- ]back|"
        r"(?:available|sold|get it|grab (?:it|one|yours)) (?:now )?(?:in|at|from|on) (?:our|the) "
        r"(?:shop|store|website|app)|brand of choice|our link|(?:my|our|the) (?:affiliate |"
        r"shop )?link (?:below|in|this)|at checkout|tap (?:the|to)|to shop|parents trust|"
        r"(?:our|my) (?:favou?rite|go-to) (?:\S+ )?(?:pick|brand|product)|sold in|starter kit|"
        r"(?:sent|gifted) (?:me|us)|use [A-Z]{3,}\d{1,3}|free sample|pre-?order|"
        r"back in stock|bundle deal|voucher|"
        r"award[- ]winning)|[$£€¥]\s?\d+(?:\.\d\d)? (?:off|each|only)|"
        r"(?:now|only|just) (?:\d+ for )?[$£€]\s?\d)",
        _I,
    ),
    "zh": _zh(
        "下单 下單 优惠券 優惠券 优惠 優惠 折扣 打折 半价 半價 买一送一 團購 团购 秒杀 秒殺 "
        "限时 限時 包邮 包郵 链接在 鏈接在 购买链接 加微信 加v 私信我 领券 領券 促销 促銷 "
        "特价 特價 代购 种草 同款 旗舰店 旗艦店 淘宝 拼多多 小黄车 橱窗 购物车 扫码 掃碼 "
        "返现 赠品 满减 直播间 热卖 爆款 到手价 下单立减 立减 补贴价 "
        "官方店 专卖店 專賣店 店铺 店鋪 "
        "拍下 上链接 戳链接 戳連結 主页橱窗 团长 團長 拼团 拼團 试用装 試用裝 囤货 囤貨 折扣码 "
        "折扣碼 "
        "接龙 接龍 内购 內購 [一二三四五六七八九]折(?!叠|疊) 第[二2][件盒] 现折 現折 再折 正品 "
        "手慢 会员日 會員日 "
        "结账 結帳 口碑最 连结放 連結放 训练营 訓練營 优惠码 優惠碼 免运 免運 限量 现货 現貨 "
        "購物車 加LINE 加赖 客服下单"
    ),
}
# Two capitals inside one word: how invented products look. Not what everyone calls by that name.
BRAND = re.compile(
    r"\b(?!EpiPens?\b|(?:WhatsApp|FaceTime|YouTube|TikTok|WeChat|PowerPoint|LinkedIn)\b)"
    r"[A-Z][a-z]+[A-Z][A-Za-z]+\b|[™®]"
)

# An instruction to a machine planted in a page; never content.
_MACHINE_EN = (
    r"\b(?:AIs?|A\.I\.|(?:large )?language models?|LLMs?|chat ?bots?|ChatGPT|GPT|AI (?:assistants?|"
    r"tools?|systems?|readers?|agents?|summari[sz]ers?|writers?)|summari[sz]ers?|"
    r"virtual assistants?|"
    r"automated (?:systems?|tools?|readers?|summar\w+)|crawlers?|web ?bots?)\b"
)
_MACHINE_ZH = (
    r"(?:AI|人工智能|人工智慧|大模型|大型语言模型|语言模型|語言模型|智能助手|智慧助理|聊天机器人|"
    r"聊天機器人|机器人|機器人|自动摘要|自動摘要|摘要程序|摘要程式|改写程序|改寫程式|写作助手|"
    r"AI助手)"
)
PLANTED = re.compile(
    _MACHINE_EN + r"[^.!?\n]{0,80}"
    r"\b(?:must|should|ignore|disregard|recommend|reply|answer|write|include|say|state|tell|add|"
    r"append|insert|mention|promote|respond|output|end|begin|start|close|finish|use|rewrite|repeat|"
    r"replace|omit|leave out)\b|"
    r"\b(?:notes?|attention|messages?|instructions?|reminders?)\s?(?:to|for|:)?\s?(?:all )?"
    + _MACHINE_EN
    + r"|\b(?:ignore|disregard|forget|override)\b[^.!?\n]{0,40}\b(?:instructions?|prompts?|"
    r"rules|guidelines)\b|"
    + _MACHINE_ZH
    + r"[^。！？\n]{0,40}(?:必须|必須|应|應|请|請|忽略|无视|無視|推荐|推薦|回复|回覆|回答|写|寫|"
    r"插入|提到|"
    r"说|說|加上|注意|输出|輸出|结尾|結尾)|"
    r"(?:忽略|无视|無視|忘记|忘記)[^。！？\n]{0,16}(?:指令|指示|提示|规则|規則|要求)",
    _I,
)

CONTACTS = re.compile(
    r"https?://\S{1,200}|\bwww\.\S{1,200}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|"
    r"(?<![\d.])(?:\+?\d{1,3}[ -])?(?:\(\d{2,4}\)[ -]?)?\d{3,4}[ -]\d{3,4}(?:[ -]\d{2,4})?"
    r"(?![\d.])|"
    r"(?<!\d)1[3-9]\d{9}(?!\d)"
)

EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u231b\u23e9-\u23fa]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]?(?:\u200d[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?)*"
)

# Medicines, vitamins, foods and vaccines that must not stand in for one another.
_ENTITIES: dict[str, str] = {
    "paracetamol": r"paracetamol|acetaminophen|tylenol|calpol|"
    r"对乙酰氨基酚|對乙醯氨基酚|扑热息痛|泰诺林",
    "ibuprofen": r"ibuprofen|布洛芬|美林",
    "aspirin": r"aspirin|阿司匹林|阿斯匹靈",
    "antibiotic": r"antibiotics?|抗生素|抗菌素",
    "vitamin a": r"vitamin a\b|retinol|维生素A|維生素A|维A",
    "vitamin b12": r"vitamin b-?12|维生素B12|維生素B12",
    "vitamin c": r"vitamin c\b|维生素C|維生素C|维C",
    "vitamin d": r"vitamin d\b|维生素D|維生素D|维D",
    "vitamin e": r"vitamin e\b|维生素E|維生素E",
    "vitamin k": r"vitamin k\b|维生素K|維生素K",
    "folic acid": r"folic acid|folate|叶酸|葉酸",
    "iron": r"\biron\b|铁剂|鐵劑|补铁|補鐵",
    "iodine": r"\biodine\b|碘",
    "calcium": r"\bcalcium\b|钙|鈣",
    "zinc": r"\bzinc\b|锌|鋅",
    "omega-3": r"omega[- ]?3|\bDHA\b",
    "probiotic": r"probiotics?|益生菌",
    "honey": r"honey|蜂蜜",
    "apple juice": r"apple juice|苹果汁|蘋果汁",
    "coffee": r"coffee|咖啡",
    "salmon": r"salmon|三文鱼|鲑鱼",
    "tuna": r"tuna|金枪鱼|吞拿鱼",
    "shark": r"\bshark|鲨鱼|鯊魚",
    "liver": r"\bliver\b|肝脏|猪肝|肝臟",
    "soy": r"\bsoya?\b|大豆配方|豆奶",
    "cow's milk": r"cow['’]?s?[- ]milk|牛奶",
    "goat milk": r"goat['’]?s?[- ]milk|羊奶",
    "hydrolysed formula": r"hydroly[sz]ed|水解",
    "codeine": r"codeine|可待因",
    "antihistamine": r"antihistamines?|抗组胺|抗組胺",
    "steroid": r"steroids?|corticosteroids?|hydrocortisone|激素药膏|类固醇",
    "mmr": r"\bMMR\b|麻腮风|麻疹.腮腺炎",
    "flu vaccine": r"(?:flu|influenza) (?:vaccine|jab|shot)|流感疫苗",
    "rotavirus": r"rotavirus|轮状病毒|輪狀病毒",
    "hepatitis b": r"hepatitis b\b|乙肝",
    "bcg": r"\bBCG\b|卡介苗",
    "whooping cough": r"whooping cough|pertussis|百日咳",
    "insulin": r"\binsulin\b|胰岛素",
    "benzocaine": r"benzocaine|lidocaine|苯佐卡因|利多卡因",
    "peanut": r"peanuts?|花生",
    "alcohol swab": r"rubbing alcohol|酒精",
}  # fmt: skip
ENTITIES = {name: re.compile(pattern, _I) for name, pattern in _ENTITIES.items()}
