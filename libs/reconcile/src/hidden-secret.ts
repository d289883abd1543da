import {
  type AdoptableContainer,
  type DesiredInstance,
  type NodeSecrets,
  type ObservedContainer,
  fillSecretVariables,
  findSecretVariables,
  isJsonObject,
  secretsIn,
} from "@keelson/model";

interface Known {
  desired: { instances: readonly Pick<DesiredInstance, "project" | "compose">[] };
  engine: { containers: readonly Pick<ObservedContainer, "id" | "project" | "service">[] };
  secrets: Pick<NodeSecrets, "digestContent" | "fillSecrets">;
}

/**
 * What may be adopted, with what a service asks for in the place of each environment variable that has the value of its secret. So it is
 * compared where nobody has the value.
 */
export function withHiddenSecrets(adoptable: readonly AdoptableContainer[], of: Known): AdoptableContainer[] {
  return adoptable.map((each) => {
    const asked = secretEnvironmentOf(each, of);
    return asked.size === 0 ? each : { ...each, inspected: hideIn(each.inspected, asked) };
  });
}

/** By an entry `NAME=value` of the container, the one that its service asks for. */
function secretEnvironmentOf(
  { id }: AdoptableContainer,
  { desired, engine, secrets }: Known,
): Map<string, string> {
  const container = engine.containers.find((each) => each.id === id);
  const instance = desired.instances.find(({ project }) => project === container?.project);
  const { environment = {} } = instance?.compose.services[container?.service ?? ""] ?? {};
  return new Map(
    Object.entries(environment).flatMap(([name, written]) => {
      const placeholders = [...findSecretVariables(written ?? "").values()];
      if (written === null || !placeholders.every((each) => isKnown(each, secrets))) return [];
      if (placeholders.length === 0) return [];
      const value = fillSecretVariables(written, (placeholder) =>
        Buffer.from(secrets.fillSecrets(Buffer.from(placeholder))).toString("utf8"),
      );
      return [[`${name}=${value}`, `${name}=${written.replaceAll("$$", "$")}`] as const];
    }),
  );
}

function isKnown(placeholder: string, { digestContent }: Known["secrets"]): boolean {
  return !digestContent(Buffer.from(placeholder), secretsIn(placeholder)).startsWith("unknown:");
}

function hideIn(inspected: unknown, asked: ReadonlyMap<string, string>): unknown {
  if (!isJsonObject(inspected) || !isJsonObject(inspected["Config"])) return inspected;
  const { Env: entries } = inspected["Config"];
  if (!Array.isArray(entries)) return inspected;
  const hidden = entries.map((entry) => (typeof entry === "string" ? (asked.get(entry) ?? entry) : entry));
  return { ...inspected, Config: { ...inspected["Config"], Env: hidden } };
}
