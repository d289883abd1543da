import * as z from "zod";

/** It is told wherever the node is: what would break a line, turn it around or hide in it is refused. */
const Line = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);

/** A person withholds action on a node: it observes and reports, and changes nothing. */
export const Suspension = z.object({
  since: Line,
  /** The user who did it. */
  by: Line,
  /** In the person's words. */
  reason: Line.min(1),
});
export type Suspension = z.infer<typeof Suspension>;
