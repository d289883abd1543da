import { isBranchName } from "./branch-name.ts";
import { codeOfStatus } from "./http-code.ts";
import { isObjectId } from "./object-id.ts";
import { packetText, readPackets, writePackets } from "./packet-line.ts";
import type { Packet } from "./packet-line.ts";
import { PollConnection } from "./poll-connection.ts";
import { RefPollError } from "./poll-error.ts";

export { RefPollError } from "./poll-error.ts";

export interface RefPollInput {
  /** http(s) only. A login in the URL is used when `credential` is null. */
  url: string;
  branch: string;
  credential: { username: string; password: string } | null;
  /** For each poll as a whole. */
  timeoutMs: number;
}

/** Polls one branch of one server. One poll at a time. */
export interface RefPoll {
  /** The commit that the branch is at now. Throws `RefPollError`; the next poll then starts afresh. */
  poll: () => Promise<string>;
  close: () => void;
}

/** Where the repository is, and which protocol the server speaks. */
type Server =
  | { kind: "v2"; url: string; capabilities: readonly string[] }
  | { kind: "old"; packets: readonly Packet[] };

const service = "git-upload-pack";
const request = { "git-protocol": "version=2", "user-agent": "git/keelson" };

/**
 * Opens a poll of a branch. A first request finds out which protocol the server speaks; then each poll is one `ls-refs`
 * of gitprotocol-v2(5) over a kept connection. A server of the older protocol answers the first request with all its
 * refs, so there each poll is that request. This door loads nothing but Node's own modules. Throws `RefPollError` K2006
 * for a URL or a branch name that is not permitted. A poll throws K2001, K2002, K2003, K2005, K2006 for a redirect to
 * another server, K2007 and K2009.
 */
export function openRefPoll({ url, branch, credential, timeoutMs }: RefPollInput): RefPoll {
  const { name, login } = readUrl(url);
  const ref = readBranch(branch);
  const connection = new PollConnection({ name, login: credential ?? login, timeoutMs });
  let known: Server | null = null;

  const ask = async (): Promise<string> => {
    const server = known ?? (await discover(name, connection));
    const packets = server.kind === "v2" ? await listRefs(server) : server.packets;
    known = server.kind === "v2" ? server : null;
    return findTip(packets);
  };

  const listRefs = async (server: { url: string; capabilities: readonly string[] }): Promise<Packet[]> => {
    const content = writePackets([
      { text: "command=ls-refs" },
      ...server.capabilities.map((text) => ({ text })),
      "delimiter",
      { text: `ref-prefix ${ref}` },
      "flush",
    ]);
    const headers = { ...request, "content-type": `application/x-${service}-request` };
    const answer = await connection.send({ url: `${server.url}/${service}`, headers, content });
    return readAnswer(name, { ...answer, type: `application/x-${service}-result` });
  };

  /** `<oid> SP <ref>`, then attributes; the older protocol has capabilities behind a NUL. */
  const findTip = (packets: readonly Packet[]): string => {
    if (packets.at(-1) !== "flush") throw notGit(name);
    const lines = packets.map((packet) => packetText(packet).split("\0", 1)[0] ?? "");
    const line = lines.find((text) => text.split(" ")[1] === ref);
    if (line === undefined) {
      throw new RefPollError("K2003", { message: `there is no branch ${branch} at ${name}` });
    }
    const oid = line.split(" ")[0] ?? "";
    if (!isObjectId(oid)) throw otherObjectFormat(name);
    return oid;
  };

  return {
    poll: async () => {
      const deadline = connection.startDeadline();
      try {
        return await ask();
      } catch (error) {
        known = null;
        throw error;
      } finally {
        deadline.clear();
      }
    },
    close: () => connection.close(),
  };
}

/** Reads the capability advertisement, which may also say that the repository is elsewhere on this server. */
async function discover(name: string, connection: PollConnection): Promise<Server> {
  const rest = `/info/refs?service=${service}`;
  const answer = await connection.send({ url: `${name}${rest}`, headers: request });
  const packets = readAnswer(name, { ...answer, type: `application/x-${service}-advertisement` });
  const start = packetText(packets[0]) === `# service=${service}` ? 2 : 0;
  if (packetText(packets[start]) !== "version 2") return { kind: "old", packets: packets.slice(start) };
  const lines = packets.slice(start).map(packetText);
  // A server refuses a capability that it has not named.
  const capabilities = lines.filter((line) => line.startsWith("object-format="));
  if (capabilities.some((format) => format !== "object-format=sha1")) throw otherObjectFormat(name);
  if (!lines.some((line) => line === "ls-refs" || line.startsWith("ls-refs="))) throw notGit(name);
  const url = answer.url.endsWith(rest) ? answer.url.slice(0, -rest.length) : name;
  return { kind: "v2", url, capabilities };
}

function readAnswer(
  name: string,
  answer: { status: number; contentType: string; type: string; body: Buffer },
): Packet[] {
  const { status, contentType, type, body } = answer;
  if (status !== 200) {
    throw new RefPollError(codeOfStatus(status), {
      message: `the server at ${name} answered HTTP ${status}`,
    });
  }
  const packets = contentType === type ? readPackets(body) : null;
  if (packets === null) throw notGit(name);
  const refusal = packets.map(packetText).find((line) => line.startsWith("ERR "));
  if (refusal !== undefined) {
    throw new RefPollError("K2009", { message: `the server at ${name} refuses to list its refs` });
  }
  return packets;
}

function notGit(name: string): RefPollError {
  return new RefPollError("K2009", {
    message: `the server at ${name} does not speak Git's smart HTTP protocol`,
  });
}

function otherObjectFormat(name: string): RefPollError {
  const message = `the repository at ${name} does not name its commits by SHA-1`;
  return new RefPollError("K2009", { message, transient: false });
}

function readUrl(text: string) {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    // Not quoted: it could hold a credential.
    throw new RefPollError("K2006", { message: "only a repository's http(s) URL can be polled" });
  }
  const name = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  if (url.username === "" && url.password === "") return { name, login: null };
  try {
    const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return { name, login: { username, password } };
  } catch {
    throw new RefPollError("K2006", {
      message: "the user or password in the source's URL is not percent-encoded",
    });
  }
}

function readBranch(branch: string): string {
  if (!isBranchName(branch)) {
    throw new RefPollError("K2006", { message: `${JSON.stringify(branch)} is not a permitted branch name` });
  }
  return `refs/heads/${branch}`;
}
