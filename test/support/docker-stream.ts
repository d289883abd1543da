import { text } from "node:stream/consumers";

interface Progress {
  readonly error?: string;
  readonly aux?: { readonly Digest?: string };
}

/**
 * Reads the progress of a load, pull or push to its end and returns its lines. The engine reports a failure of
 * these in the stream and not by the status: throws with what it says.
 */
export async function followDocker(stream: NodeJS.ReadableStream): Promise<Progress[]> {
  const lines = (await text(stream))
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): Progress => JSON.parse(line));
  const failure = lines.find((line) => line.error !== undefined);
  if (failure !== undefined) throw new Error(failure.error);
  return lines;
}
