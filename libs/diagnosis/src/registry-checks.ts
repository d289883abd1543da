import { type RegistryProbe, connectEngine, openRegistryLogins, probeRegistries } from "@keelson/engine";
import { KeelsonError, type Status, withoutDigest } from "@keelson/model";
import { dockerConfigPlace, readLocalStatus } from "@keelson/node";
import { newValueFilter } from "@keelson/secrets";
import { requireTrusted } from "@keelson/store";

import { withoutConfig } from "./config-checks.ts";
import { type ExaminedNode, engineTimeoutMs } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped, warning } from "./verdict.ts";

/** Each is read and asked twice at most, within the time of a check. */
const answerTimeoutMs = 10_000;

/** Whether the registries of what this node is to run, as its last round knew it, give it their images. */
export async function examineRegistries(node: ExaminedNode): Promise<Verdict> {
  const { config, stateDir, dockerHost, environment } = node;
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  if ((await node.engine) instanceof KeelsonError) return skipped("the engine does not answer");
  const status = await attempt(async () => readLocalStatus(stateDir));
  if (status instanceof KeelsonError) {
    return status.code === "K4014" ? skipped("there was no round here yet") : failed(status);
  }
  const images = status.instances.flatMap(({ services }) => services.map(({ image }) => referenceOf(image)));
  const engine = connectEngine({
    ...(dockerHost === undefined ? {} : { dockerHost }),
    timeoutMs: engineTimeoutMs,
  });
  const logins = openRegistryLogins({
    ...dockerConfigPlace(config, environment),
    requireTrusted,
    helperTimeoutMs: answerTimeoutMs,
  });
  const probes = await attempt(async () =>
    probeRegistries(engine, {
      images: images.filter((image) => image !== ""),
      logins,
      timeoutMs: answerTimeoutMs,
      signal: AbortSignal.timeout(4 * answerTimeoutMs),
    }),
  );
  if (probes instanceof KeelsonError) return failed(probes);
  if (probes.length === 0) return skipped("no image of this node is from a registry");
  return judgeProbes(probes, newValueFilter(logins.listValues()));
}

/** What a node pulls: a locked image may be there no more under its tag. */
function referenceOf({ want, locked }: Status["instances"][number]["services"][number]["image"]): string {
  return locked === undefined ? want : `${withoutDigest(want)}@${locked}`;
}

/** A failure when an image is missing that a registry does not give; a warning when only a later one would be. */
export function judgeProbes(
  probes: readonly RegistryProbe[],
  hideValues: (text: string) => string = (text) => text,
): Verdict {
  const found = probes.map((probe) => hideValues(describe(probe))).join("\n");
  const faulty = probes.filter(({ fault }) => fault !== null);
  const needed = faulty.find(({ isGiven, isPresent }) => !isGiven && !isPresent);
  const first = needed ?? faulty[0];
  if (first === undefined) return ok(found);
  const hint = first.fault?.hint ?? `keelson explain ${first.fault?.code ?? ""} says more.`;
  return needed === undefined ? warning(found, hint) : failure(found, hint);
}

function describe({ host, login, fault, isGiven }: RegistryProbe): string {
  const how = login === null ? "without a login" : `with the login from ${login}`;
  if (fault === null) return `${host} gives images ${how}`;
  const { code, message } = fault;
  if (isGiven)
    return `${host} gives images without a login, and the one for it cannot be had: ${message} [${code}]`;
  return `${message}${reasonOf(fault)} [${code}]`;
}

/** The innermost cause: the engine's words, which were bounded and cleaned where they came in. */
function reasonOf({ cause }: Error): string {
  let last: Error | null = null;
  for (let link: unknown = cause; link instanceof Error; link = link.cause) last = link;
  return last === null ? "" : ` (${last.message.split("\n").at(-1)?.slice(0, 200) ?? ""})`;
}
