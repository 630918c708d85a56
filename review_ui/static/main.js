// Starts every module. The pages work without any of them.

import { startBatch } from "./batch.js";
import { startComments } from "./comments.js";
import { startDesk } from "./desk.js";
import { startKeys } from "./keys.js";
import { startLight } from "./light.js";
import { startOutbox } from "./outbox.js";
import { startPages } from "./pages.js";
import { startPresence } from "./presence.js";
import { startQuarantine } from "./quarantine.js";
import { startQueue } from "./queue.js";
import { startRecords } from "./records.js";
import { startSession } from "./session.js";
import { startTurn } from "./turn.js";
import { startWorking } from "./working.js";

startPages();
startBatch();
startLight();
startDesk();
startQuarantine();
startQueue();
startRecords();
startPresence();
startWorking();
startComments();
startTurn();
startSession();
startOutbox();
startKeys();
