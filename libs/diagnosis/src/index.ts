export { type Check, diagnose } from "./diagnose.ts";
