// The light door: how a program prints, before it knows what. It loads no library.
export { escapeLines, escapePainted, formatJson } from "./visible-text.ts";
