import * as z from "zod";

/** A person withholds action on a node: it observes and reports, and changes nothing. */
export const Suspension = z.object({
  since: z.string(),
  /** The user who did it. */
  by: z.string(),
  /** In the person's words, one line. */
  reason: z.string(),
});
export type Suspension = z.infer<typeof Suspension>;
