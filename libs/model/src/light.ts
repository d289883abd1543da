// The light door: what a program needs before it knows which command it is to run. It loads no library but the small @scure/base.
export { KeelsonError, codeOf, formatError } from "./error.ts";
export { isDuration, parseDurationMs } from "./duration-text.ts";
export { keelsonVersion } from "./version.ts";
export { isAgeRecipient } from "./age-recipient.ts";
