// The light door: what a program needs before it knows which command it is to run. It loads no library.
export { KeelsonError, codeOf, formatError } from "./error.ts";
export { isDuration, parseDurationMs } from "./duration-text.ts";
export { keelsonVersion } from "./version.ts";
