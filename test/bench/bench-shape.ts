import { stringify } from "yaml";

/** Services, spread over instances of as many each; the same for Compose as a plain project for each instance. */
export interface BenchShape {
  instances: number;
  services: number;
  /** Whether the first service of each instance has a health check, which is an exec a second: few are enough. */
  isChecked: boolean;
}

/** Of an instance: its package, its folder in the reference and its setting have it too. */
export function instanceName(instance: number): string {
  return `i${instance}`;
}

const image = "IMAGES/bench:1";

/** The first service of an instance has a value that changes; the others only run. */
function servicesOf(
  { instances, services, isChecked }: BenchShape,
  revision: string,
): Record<string, object> {
  const plain = { image, init: true, stop_grace_period: "1s", stop_signal: "SIGKILL" };
  const healthcheck = {
    test: ["CMD", "true"],
    interval: "1s",
    timeout: "5s",
    retries: 5,
  };
  const names = Array.from({ length: Math.ceil(services / instances) }, (_each, index) => `s${index}`);
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      index === 0
        ? { ...plain, ...(isChecked ? { healthcheck } : {}), environment: { REVISION: revision } }
        : plain,
    ]),
  );
}

/** The release of a platform, as scenarios write one. */
export function releaseText(shape: BenchShape): string {
  const names = Array.from({ length: shape.instances }, (_each, index) => instanceName(index));
  const properties = Object.fromEntries(names.map((name) => [name, { type: "integer", default: 0 }]));
  const packages = names.map(
    (name) => `-- packages/${name}/package.yaml --
${stringify({ variables: { REVISION: `{{ settings.${name} }}` } })}
-- packages/${name}/compose.yaml --
${stringify({ services: servicesOf(shape, "${REVISION}") })}`,
  );
  return `-- settings.schema.json --
${JSON.stringify({ type: "object", properties })}
${packages.join("\n")}`;
}

/** What an environment says of its instances and settings. An instance of revision null is absent. */
export function environmentOf(
  shape: BenchShape,
  revisions: readonly (number | null)[],
): Record<string, unknown> {
  const names = Array.from({ length: shape.instances }, (_each, index) => instanceName(index));
  const stateOf = (index: number) => (revisions[index] === null ? "absent" : "running");
  const settings = names.flatMap((name, index) => {
    const revision = revisions[index] ?? null;
    return revision === null ? [] : [[name, revision]];
  });
  return {
    instances: Object.fromEntries(
      names.map((name, index) => [name, { package: `app/${name}`, state: stateOf(index) }]),
    ),
    ...(settings.length === 0 ? {} : { settings: { app: Object.fromEntries(settings) } }),
  };
}

/** The same services as plain Compose projects, by path. */
export function composeFiles(
  shape: BenchShape,
  filled: { revisions: readonly (number | null)[]; imagePrefix: string },
): Record<string, string> {
  const files = Array.from({ length: shape.instances }, (_each, index): [string, string] => {
    const text = stringify({ services: servicesOf(shape, String(filled.revisions[index] ?? 0)) });
    return [`${instanceName(index)}/compose.yaml`, text.replaceAll("IMAGES/", filled.imagePrefix)];
  });
  return Object.fromEntries(files);
}
