import {
  type DesiredNode,
  type ObservedNode,
  type SecretToCompare,
  isJsonObject,
  secretsIn,
  withPlaceholders,
  ownOf,
} from "@keelson/model";

/** Where containers that may be adopted are to have secrets in their environments: only the node can compare those. */
export function findSecretsToCompare(
  { instances }: Pick<DesiredNode, "instances">,
  { adoptable = [], containers }: Pick<ObservedNode, "adoptable" | "containers">,
): SecretToCompare[] {
  return adoptable.flatMap(({ id, inspected }) => {
    const container = containers.find((each) => each.id === id);
    const instance = instances.find(({ project }) => project === container?.project);
    if (container === undefined || instance === undefined) return [];
    const found = environmentOf(inspected);
    const { environment = {} } = ownOf(instance.compose.services, container.service) ?? {};
    return Object.entries(environment).flatMap(([variable, value]) => {
      const wanted = withPlaceholders(value ?? "");
      const has = found.find((entry) => entry.startsWith(`${variable}=`));
      return has === undefined || secretsIn(wanted).length === 0
        ? []
        : [{ container: id, variable, wanted, found: has.slice(variable.length + 1) }];
    });
  });
}

function environmentOf(inspected: unknown): string[] {
  const config = isJsonObject(inspected) ? inspected["Config"] : null;
  const entries = isJsonObject(config) ? config["Env"] : null;
  return (Array.isArray(entries) ? entries : []).filter((each) => typeof each === "string");
}
