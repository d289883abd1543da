import { type ComposeModel, mapValues } from "./compose-model.ts";
import { jsonSecretPlaceholder, secretPlaceholder, secretPlaceholderPattern } from "./rendered.ts";

/** A variable of a container's environment whose value holds secrets. */
export interface SecretEnvironment {
  service: string;
  /** Its name in the container. */
  variable: string;
  /** With placeholders. */
  value: string;
  /** Names of the secrets in it. */
  secrets: string[];
}

/** What carries secrets in the environments of a model, in the order of its services. */
export function findSecretEnvironment(model: Pick<ComposeModel, "services">): SecretEnvironment[] {
  return Object.entries(model.services).flatMap(([service, { environment = {} }]) =>
    Object.entries(environment).flatMap(([variable, value]) => {
      const secrets = secretsIn(value ?? "");
      return value === null || secrets.length === 0 ? [] : [{ service, variable, value, secrets }];
    }),
  );
}

/** Names of the secrets whose placeholders stand in a text, each once. */
export function secretsIn(text: string): string[] {
  return [...new Set([...text.matchAll(secretPlaceholderPattern)].flatMap(([, name]) => name ?? []))];
}

/**
 * The model with a variable of Compose in the place of each placeholder in an environment. The `?` lets Compose fail
 * where it does not get the value: without it, the container would be made anew with an empty one.
 */
export function withSecretVariables(model: ComposeModel): ComposeModel {
  const withVariables = (value: string | null) =>
    value?.replace(
      secretPlaceholderPattern,
      (_placeholder, name: string, asJson?: string) => `\${${variableOf(name, asJson !== undefined)}?}`,
    ) ?? null;
  const services = mapValues(model.services, ({ environment, ...service }) => ({
    ...service,
    ...(environment === undefined ? {} : { environment: mapValues(environment, withVariables) }),
  }));
  return { ...model, services };
}

/** The variables that stand for secrets in the text of a Compose file, each with the placeholder of its value. */
export function findSecretVariables(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(dollars)].flatMap(([, variable]) =>
      variable === undefined ? [] : [[variable, placeholderOf(variable)] as const],
    ),
  );
}

/** A value of a Compose file as the container gets it, but for the placeholders of its secrets. */
export function withPlaceholders(value: string): string {
  return value.replace(dollars, (_, variable?: string) =>
    variable === undefined ? "$" : placeholderOf(variable),
  );
}

/** `$$` is a dollar sign for Compose, and what follows it no variable. */
const dollars = /\$(?:\$|\{(KEELSON_SECRET_\w+)\?\})/g;
const prefix = "KEELSON_SECRET_";
const json = "_j";
/** What cannot stand in the name of a variable. No escape begins another one, so that no two names become one. */
const escapes: Readonly<Record<string, string>> = { ".": "__", "-": "_m", _: "_u" };

/** `pryv.dbPassword` is `KEELSON_SECRET_pryv__dbPassword`. */
export function variableOf(secret: string, asJson = false): string {
  const name = secret.replace(/[^A-Za-z0-9]/g, (character) => escapes[character] ?? character);
  return `${prefix}${name}${asJson ? json : ""}`;
}

function placeholderOf(variable: string): string {
  const characters = new Map(Object.entries(escapes).map(([character, escape]) => [escape, character]));
  const escaped = variable.slice(prefix.length);
  const asJson = /^(?:[A-Za-z0-9]|_[_mu])*_j$/.test(escaped);
  const name = (asJson ? escaped.slice(0, -json.length) : escaped).replace(
    /_[_mu]/g,
    (escape) => characters.get(escape) ?? escape,
  );
  return asJson ? jsonSecretPlaceholder(name) : secretPlaceholder(name);
}
