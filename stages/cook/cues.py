"""What a clause does with what it speaks of: forbids, allows, advises, promises, doubts, warns.

Cue words for clauses of cards and drafts alike, English and Chinese; Chinese texts come in
simplified characters (`clauses.py`), whatever they were written in. Where a
phrase only looks like a denial ("don't forget", "no need to worry", 不仅), it is taken out first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stages.cook import lexicon
from stages.cook.align import stem
from stages.cook.standing import stands

_I = re.IGNORECASE


def _zh(words: str) -> re.Pattern[str]:
    return re.compile("|".join(words.split()))


# Denials in form only: they ask for something, or deny nothing about the matter.
_NO_DENIAL = {
    "en": re.compile(
        r"\b(?:(?:do not|don['’]t|never|not) (?:forget|hesitate|panic|worry|be (?:shy|afraid)|"
        r"feel (?:bad|guilty)|miss|skip (?:this|the)|delay|put off|wait|stop|be without)|"
        r"not (?:only|just|to mention|to worry)|no (?:matter|doubt|wonder|worries|problem|longer "
        r"wait)|why not|or not|not sure|can['’]t wait|nothing to worry|no shame|not alone|"
        r"is(?:n['’]t| not) (?:always )?(?:easy|fun|your fault)|not your fault|whether or not|"
        r"no need to panic|if (?:not|you do(?:n['’]t| not))|never (?:too late|mind)|"
        r"no(?:t)? (?:more|less|later|longer|older|younger|fewer|higher|lower) than|"
        r"not a bad|no (?:big )?deal|don['’]t we|isn['’]t it|not the only)\b",
        _I,
    ),
    "zh": _zh(
        "([\u3400-\u9fff])[不没]\\1 不仅 不但 不只 不光 不妨 不止 [别不]忘 不要忘 不[用必要]担心 "
        "别担心 "
        "不要慌 别慌 不要紧 不错 不同 不管 不论 无论 可不可以 不好意思 不一样 不少 不断 不久 "
        "差不多 "
        "了不起 不得不 不到 不足 不满 不超过 不低于 不少于 不高于 不多于 不小于 不大于 不适(?!合|"
        "宜|用) "
        "不安 不舒服 不小心 不慎 不良 不知 不时 不然 要不 不由 不瞒 忍不住 好不容易 没事 没关系 "
        "没想到 "
        "没办法 没错 特别 [区级性个告类差识鉴辨分]别 别[人的处家] 非常 非处方 除非 无菌 无痛 "
        "无[糖盐香] "
        "无意 未满 免疫 以免 未来 少量 减少 多少 至少 莫名 不犯愁 不发愁 不孤单 不可避免"
    ),
}

# Leave to do something, or relief from a duty.
PERMIT = {
    "en": re.compile(
        r"\b(?:(?:is|are|it['’]s|that['’]s|be|totally|perfectly|absolutely|completely|quite|also|"
        r"just) (?:fine|okay|ok|safe|alright|all right|acceptable|allowed|permitted|harmless)|"
        r"(?:may|can) (?:be (?:given|used|left|kept|offered|added|taken|eaten|placed|reused|"
        r"refrozen|started|stopped|skipped|mixed|shared|applied)|safely|now|simply|just|still|"
        r"also|even)|no (?:need|reason) (?:to|for)|needn['’]t|need not|"
        r"(?:do(?:es)?n['’]t|do(?:es)? not) (?:need|have) to|feel free|"
        r"go ahead|free to|no harm|won['’]t (?:hurt|harm)|"
        r"(?:do|does|will) no harm|not (?:necessary|needed|required)|unnecessary|"
        r"suitable|optional|up to you|welcome to|good to go|safe to|fine to|ok(?:ay)? to)\b",
        _I,
    ),
    "zh": re.compile(
        "(?<![不没未勿])(?:可以|可直接|可放心|放心|没问题|无妨|不碍|无碍|允许|[也都就]行|即可|"
        "可自行|"
        "[亦也均皆都]可(?!能)|不必|不用|用不着|无需|无须|毋须|尽管|大胆|不妨|随意|随便|没事|不要紧|"
        "不影响|可行|可给|可用|可喂|可服|可再|适合|适用|照样)"
    ),
}

# Reassurance, and talk that plays a danger down.
REASSURE = {
    "en": re.compile(
        r"\b(?:nothing to worry|no (?:cause|need|reason) (?:for|to) (?:alarm|worry|concern|"
        r"panic)|don['’]t worry|do not worry|harmless|perfectly normal|quite normal|"
        r"totally normal|always normal|no big deal|rest (?:easy|assured)|relax|no danger|not "
        r"(?:dangerous|serious|a concern|harmful|a problem|urgent)|can wait|settles? by "
        r"(?:itself|themselves)|goes away (?:on its own|by itself)|on (?:its|their) own|"
        r"wait and see|keep (?:an eye|watching)|no (?:hurry|rush)|in your own time)\b",
        _I,
    ),
    "zh": re.compile(
        "不[用必要](?:担心|理会|管|去|跑|特地|紧张|急|就医)|无[需须](?:担心|理会|就医|紧张)|"
        "别(?:担心|紧张|急|大惊)|"
        "(?<!代表)(?<!看着)没事|不要紧|无害|没有?危险|不危险|不严重|不碍事|[很都属的]正常|，正常|"
        "正常现象|"
        "自[然己]会|自行(?:缓解|消退|好转)|自愈|再说|再看|(?:观察|[看等过])[几两]天|不急|不着急|"
        "等等看|等一等|"
        "在家(?:观察|等|盯|看|歇)|先(?:观察|等|看看|睡|别急|不[用急])|下次产检|明[早天]再|天亮再|"
        "忍一忍|挺一挺|"
        "别自己吓|大可放心"
    ),
}

# All or nothing: words that leave no room.
ABSOLUTE = {
    "en": re.compile(
        r"\b(?:always|invariably|inevitably|without (?:fail|exception)|(?:in|for|with) (?:every|"
        r"each) (?:case|child|baby|one)|every (?:single )?(?:baby|child|kid|toddler|mother|woman|"
        r"parent|case)|completely|entirely|totally|fully|in full|certainly|definitely|"
        r"guarantee[ds]?|surely|no matter|regardless|for good|forever|proven|confirms?|proves?|"
        r"hallmark|reliabl[ey]|no (?:risk|danger|chance)|cures?|cured|instantly|"
        r"(?:will not|won['’]t) (?:get|catch|have|happen|hurt|harm|develop)|will (?:have|make|"
        r"keep|stop|clear|cure|fix|sort|protect|be (?:fine|gone|safe|protected))|"
        r"the (?:best|safest|only))\b",
        _I,
    ),
    "zh": re.compile(
        "(?<!不)一定(?!程度|要)|必定|必然|肯定|绝对(?!不[能要可行得准许]|别|禁)|完全|彻底|所有|"
        "全部|任何|"
        "每个(?!月|小时|星期|礼拜)|[人个]{2}都|总是|永远|都会|从不|从来|唯一|百分百|保证|保管|"
        "无论|不管|必须|"
        "只要|就能|就会|都能|根本|再也不|一概|一律|通通|百试百灵|没有例外|无一例外"
    ),
}

# Harm that is the reason for a rule.
HARM = {
    "en": re.compile(
        r"\b(?:risks?|dangers?|dangerous|harm(?:s|ful|ed)?|hurt|injur(?:y|e|ies|ed)|die[sd]?|"
        r"deaths?|fatal|kill(?:s|ed)?|suffocat\w+|chok\w+|strangl\w+|strangulation|drown\w*|"
        r"burn(?:s|ed|t)?|scald\w*|poison\w*|toxic|overdose|bleed\w*|seizures?|infections?|"
        r"botulism|brain|kidney|liver damage|damage[sd]?|fire|flammable|catch fire|emergency|"
        r"life[- ]threatening|serious(?:ly)?|severe(?:ly)?|SIDS|miscarriage|stillbirth|"
        r"malformations?|birth defects?|allergic reaction|anaphyla\w+|dehydrat\w+|sepsis|"
        r"warning signs?|collapse|unconscious|thrown|fall(?:s|ing)?|falls? out|trapped|"
        r"electrocut\w+|electric shock|overheat\w*|hypotherm\w+)\b",
        _I,
    ),
    "zh": _zh(
        "危险 危險 风险 風險 有害 伤害 傷害 致命 死亡 猝死 窒息 噎 呛 嗆 勒 溺水 溺 烫伤 燙傷 "
        "烧伤 灼伤 灼傷 中毒 毒 过量 過量 出血 惊厥 驚厥 抽搐 感染 肉毒 损伤 損傷 起火 易燃 "
        "着火 急症 危及 严重 嚴重 流产 流產 畸形 早产 過敏反應 过敏反应 休克 脱水 脫水 败血 "
        "骨折 摔 坠 墜 跌 触电 触電 捂热 夹伤 夾傷 意外"
    ),
}

# What something is said to do for a child or a mother.
CLAIM = {
    "en": re.compile(
        r"\b(?:(?:boost|strengthen|improv|prevent|reliev|dissolv|detoxif|speed|shorten|"
        r"accelerat|calm|sooth|settl|clear|build|cur|heal|eas|reduc|lower|damag|slow|protect|"
        r"cleans|flush|trigger|stimulat)(?:s|es|ies|ing|e)|(?:gets?|getting) rid of|"
        r"(?:keeps?|keeping) [^,.;]{1,40} away|(?:makes?|making|gets?|helps?|lets?) "
        r"(?:\w+ ){1,3}(?:sleep|crawl|walk|talk|grow|learn|\w+er)|makes? up for|"
        r"the (?:more|less|\w{3,}er)\b[^.;\n]{1,60}\bthe (?:more|less|\w{3,}er)|"
        r"(?:causes?|means|leads? to|brings?|better|less prone|more likely|sooner|faster|longer|"
        r"earlier|stronger|smarter|healthier))\b",
        _I,
    ),
    "zh": _zh(
        "提高 增强 促进 改善 预防 缓解 治疗 治好 有助 帮助 防止 排毒 加快 缩短 减轻 降低 保护 退黄 "
        "去火 下火 清热 更聪明 更快 更早 更强 损害 影响 导致 说明 意味 就会"
    ),
}

# Advice to do something.
ADVISE = {
    "en": re.compile(
        r"\b(?:should|must|need(?:s)? to|ought to|have to|has to|recommended|advised?|advisable|"
        r"best to|make sure|be sure|always|remember to|try to|aim|offer|give|use|place|put|keep|"
        r"let|start|encourage[sd]?|swap|choose|opt|go for|reach for)\b",
        _I,
    ),
    "zh": _zh(
        "应 應 须 須 必须 必須 需 要 建议 建議 推荐 推薦 最好 请 請 记得 記得 宜 尽量 盡量 让 讓 "
        "给 給"
    ),
}

# Talk with readers that claims nothing.
TALK = {
    "en": re.compile(
        r"\b(?:save this|share|tag (?:a|someone|your)|comments?|below|drop (?:a|your|us)|tell us|"
        r"let us know|who else|how (?:about|do|did|are) you|which (?:one|of)|poll|follow|friends?|"
        r"mamas?|mommas?|mums?|moms?|dads?|parents?|hands up|raise your hand|quiz|true or false|"
        r"did you know|pop quiz|guess|screenshot|pin this|bookmark|pass (?:it|this) on|"
        r"send (?:it|this)|you['’]ve got this|you got this|deep breath|hugs?|tonight|"
        r"group chat|fridge door|heads up|real talk|quick (?:question|one|check|reminder)|"
        r"ready|here['’]s|here is|let['’]s|we (?:know|get it)|i (?:know|get it))\b|[?？]",
        _I,
    ),
    "zh": _zh(
        "评论区 評論區 留言 收藏 转发 轉發 转给 轉給 分享 姐妹 宝妈 寶媽 妈妈们 媽媽們 家人们 "
        "打卡 投票 告诉我们 说说 說說 聊聊 你家 你们 妳 ？ \\? 吗 嗎 呢 吧 呀 啦 哦 抱抱 辛苦 "
        "加油 知道吗 猜 考考 小测 快问快答 新手 先收 一起"
    ),
}

# Words that set a limit to a statement.
LIMIT = {
    "en": re.compile(
        r"\b(?:only|unless|except|if|when|once|until|before|after|without|as long as|provided|"
        r"under|over|younger|older|less than|more than|at least|at most|up to|while|during|"
        r"no more than|within|between|for (?:babies|children|women|those|people)|"
        r"who (?:have|has|are|is)|with (?:a|an|severe|known))\b",
        _I,
    ),
    "zh": _zh(
        "只 仅 僅 除非 除了 除外 如果 若 如 的话 的話 当 當 一旦 以上 以下 以内 以內 之前 之后 前 "
        "后 後 才 时 時 期间 期間 未满 未滿 不足 超过 超過 至少 最多 不超 者 医生 醫生 医嘱 醫囑 "
        "满 滿"
    ),
}


WAIT = {
    "en": re.compile(
        r"\b(?:wait|delay|postpone|put off|next day|until (?:tomorrow|morning))\b", _I
    ),
    "zh": _zh("[不要能别][要能]?等 等[到下] 拖 推迟 延误 第二天 明天"),
}

_IMPERATIVE = re.compile(
    r"\W*(?:and |then |so |just |please |also |or |first |instead |simply |now )*(?:you (?:can|may|"
    r"should|could) |go ahead and |feel free to |try to |make sure to )?"
    r"(?P<verb>add|aim|allow|apply|ask|avoid|bathe|begin|blow|boil|bring|brush|build|burp|buy|call|"
    r"carry|change|check|choose|clean|clear|cook|cool|count|cover|cuddle|cut|dab|dip|dress|drink|"
    r"drive|dry|eat|feed|fill|find|finish|fit|flush|follow|freeze|get|give|go|grab|hang|have|heat|"
    r"help|hold|increase|introduce|keep|lay|leave|let|lie|lift|limit|look|lower|make|massage|"
    r"measure|mix|move|offer|open|pat|pick|place|pour|press|pull|push|put|raise|read|reheat|remove|"
    r"rest|rinse|rock|roll|rub|run|save|scrub|see|send|serve|set|shake|share|sit|skip|sleep|snip|"
    r"soak|speak|splash|spray|start|stay|sterili[sz]e|stick|stir|stop|store|strap|supervise|support|"
    r"swap|swing|take|talk|tape|tell|test|throw|tie|top|touch|travel|treat|try|turn|twist|use|"
    r"vary|wait|wake|walk|warm|wash|watch|wean|wear|weigh|wipe|wrap|write)\b",
    _I,
)
_ADVICE_ZH = re.compile(
    r"^\W*(?:可以?|应|應|要|须|須|请|請|建议|建議|最好|先|用|让|讓|把|给|給|直接|放心)"
)
_FORBIDDEN_EN = re.compile(
    r"\b(?:do not|don['’]t|never|must not|should not|shouldn['’]t|mustn['’]t|cannot|avoid)\s"
    r"(?:ever |then |be |put or |try to |use or )?(?P<verb>[a-z]+)",
    _I,
)
_FORBIDDEN_ZH = re.compile(
    r"(?:不要|不可|不得|不能|不应|不應|不宜|不建议|不建議|禁止|切勿|请勿|請勿|勿|别|別|避免|"
    r"千万不|不)"
    r"(?:要|可|再|自行|随意|隨意|擅自|直接|给宝宝|給寶寶|让宝宝|讓寶寶|用|在|把|将|"
    r"將)*(?P<verb>[\u3400-\u9fff]{1,2})"
)


def is_imperative(text: str, language: str) -> bool:
    """Whether a clause tells its reader to do something."""
    if language == "zh":
        return _ADVICE_ZH.match(text) is not None
    return _IMPERATIVE.match(text) is not None


def forbidden_verb(text: str, language: str) -> str:
    """What a clause forbids to do, '' when that cannot be told."""
    match = (_FORBIDDEN_ZH if language == "zh" else _FORBIDDEN_EN).search(text)
    return match["verb"].lower() if match else ""


@lru_cache(maxsize=4096)
def does(text: str, verb: str, language: str) -> bool:
    """Whether a clause speaks of doing it."""
    if language == "zh":
        return verb in text
    stemmed = stem(verb)
    return any(stem(word) == stemmed for word in re.findall(r"[a-z]+", text.lower()))


def without_false_denials(text: str, language: str) -> str:
    """The text with denials in form only blanked out, as long as before."""
    if not stands(_NO_DENIAL[language], text):
        return text
    return _NO_DENIAL[language].sub(lambda match: " " * len(match[0]), text)


@lru_cache(maxsize=4096)
def denies(text: str, language: str) -> bool:
    """Whether the clause says no in plain words."""
    return stands(lexicon.PLAIN_NO[language], _less_false_denials(text, language))


def harmless_no(text: str, language: str) -> bool:
    """Whether a text begins with a denial in form only."""
    match = _NO_DENIAL[language].search(text)
    return match is not None and match.start() <= 2


@lru_cache(maxsize=4096)
def may_deny(text: str, language: str) -> bool:
    """Whether the clause says no in any way at all, a roundabout one included."""
    return stands(lexicon.NEGATIVE[language], _less_false_denials(text, language))


def _less_false_denials(text: str, language: str) -> str:
    if not stands(_NO_DENIAL[language], text):
        return text
    return _NO_DENIAL[language].sub(" ", text)
