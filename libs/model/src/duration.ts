import * as z from "zod";

import { durationPattern } from "./duration-text.ts";

/** A time span in Compose's notation: `90s`, `1m30s`, `2h`. */
export const Duration = z
  .string()
  .regex(durationPattern, "must be a duration such as 30s, 1m30s or 2h")
  .describe("A duration such as 30s, 1m30s or 2h.");
