import {
  type ComposeModel,
  type ComposeService,
  type NodeSecrets,
  type Problem,
  type RenderedInstance,
  type SecretEnvironment,
  findSecretEnvironment,
  mapValues,
  missingSecretHint,
  secretsIn,
} from "@keelson/model";

import { composeProblem } from "./place-of-problem.ts";

/** A service as it is digested: a value of its environment that holds a secret counts as a keyed digest. */
export function withDigestedSecrets(service: ComposeService, secrets: NodeSecrets): ComposeService {
  if (service.environment === undefined) return service;
  const digested = (value: string | null) => {
    const names = secretsIn(value ?? "");
    if (value === null || names.length === 0) return value;
    return secrets.digestContent(new TextEncoder().encode(value), names);
  };
  return { ...service, environment: mapValues(service.environment, digested) };
}

/** K1309 for a secret that no template gave, K5002 for one without a value here, K1340 for a value that no environment can hold. */
export function findSecretFaults(
  instance: RenderedInstance,
  { model, secrets }: { model: ComposeModel; secrets: NodeSecrets },
): Problem[] {
  const used = findSecretEnvironment(model);
  // Of a secret of a rendered file, an env_file too, it is said there.
  const told = new Set(instance.files.flatMap((file) => file.secrets));
  const valueless = used.flatMap((each) =>
    each.secrets.flatMap((name) => {
      if (secrets.hasValue(name) || told.has(name)) return [];
      told.add(name);
      return [missing(name, { instance, path: pathOf(each) })];
    }),
  );
  const unfit = used
    .filter((each) => each.secrets.every((name) => secrets.hasValue(name)))
    .flatMap((each) => {
      const fault = secrets.findEnvironmentFault(`${each.variable}=${each.value}`);
      return fault === null ? [] : [unfitValue(each, { instance, fault })];
    });
  const given = new Set([
    ...instance.files.flatMap((file) => file.secrets),
    ...Object.values(instance.compose.variables).flatMap(secretsIn),
    ...[...instance.compose.sealedVariables.values()].flatMap(({ secrets: names }) => names),
  ]);
  const forged = used.flatMap((each) =>
    each.secrets.filter((name) => !given.has(name)).map((name) => forgedValue(name, { instance, each })),
  );
  return forged.length > 0 ? forged : [...valueless, ...unfit];
}

/** A Compose file or its `.env` that spells out a placeholder could read the secrets of any release. */
function forgedValue(
  name: string,
  { instance, each }: { instance: RenderedInstance; each: SecretEnvironment },
): Problem {
  return composeProblem(instance, {
    code: "K1309",
    path: pathOf(each),
    message: `the environment variable ${each.variable} of service ${each.service} contains the placeholder of the secret ${name}, which no template of the package has given it`,
    hint: 'Let package.yaml name a secret of its own: variables: { PASSWORD: "{{ secrets.<name> }}" }',
  });
}

function pathOf({ service, variable }: SecretEnvironment): string[] {
  return ["services", service, "environment", variable];
}

function missing(name: string, { instance, path }: { instance: RenderedInstance; path: string[] }): Problem {
  return composeProblem(instance, {
    code: "K5002",
    path,
    message: `secret ${name} has no value on this node`,
    hint: missingSecretHint(name),
  });
}

function unfitValue(
  used: SecretEnvironment,
  { instance, fault }: { instance: RenderedInstance; fault: string },
): Problem {
  const { service, variable, secrets } = used;
  return composeProblem(instance, {
    code: "K1340",
    path: pathOf(used),
    message: `the environment variable ${variable} of service ${service} cannot carry ${secrets.join(" and ")}: its value on this node ${fault}`,
    hint: "Render the secret into a file, and bind that file.",
  });
}
