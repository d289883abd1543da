import { Status } from "@keelson/model";

/** Reads a status; null where the text is none: the next round writes a new one in its place. */
export function parseStatus(text: string | null): Status | null {
  if (text === null) return null;
  try {
    return Status.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
