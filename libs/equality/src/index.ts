export { findDifferences } from "./difference.ts";
export type { ComparedContainer, ComparedService } from "./compared.ts";
