import type { IncomingMessage } from "node:http";

/** Some 3 KB a container: enough for thousands of them, and an end for what pretends to be an engine. */
const longestAnswerBytes = 32 * 1024 * 1024;

/** An answer's bytes. Throws what `tooLong` makes of the reason when there are too many. */
export async function readBody(
  response: IncomingMessage,
  tooLong: (reason: string) => Error,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > longestAnswerBytes) throw tooLong(`it is longer than ${longestAnswerBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
