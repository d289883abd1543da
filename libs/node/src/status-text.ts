import { Status } from "@keelson/model";

/** What cannot be understood is no report; the next one takes its place. */
export function parseStatus(text: string | null): Status | null {
  if (text === null) return null;
  try {
    return Status.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
