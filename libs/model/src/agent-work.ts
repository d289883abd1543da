import * as z from "zod";

/** What an agent answers to whoever waits for its round. */
export const AgentWork = z.object({
  /** What started the round that is at work; null while none is. */
  trigger: z.string().nullable(),
  /** Operations at work, in words. */
  doing: z.array(z.string()),
  /** Operations that have ended since. */
  ended: z.array(z.object({ state: z.enum(["done", "failed", "skipped"]), text: z.string() })),
  /** To be asked for the next time. */
  seq: z.number(),
});
export type AgentWork = z.infer<typeof AgentWork>;
