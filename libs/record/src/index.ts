export { acquireLock } from "./lock.ts";
export type { LockInput, NodeLock } from "./lock.ts";
export { openRecord, openRecordCopy } from "./node-record.ts";
export type { NodeRecord } from "./node-record.ts";
export type { ComposeCache } from "./compose-cache.ts";
export type { Memory } from "./memory.ts";
export type { Journal, OperationResult, RoundResult, UnfinishedOperation } from "./journal.ts";
