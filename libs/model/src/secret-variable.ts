import { type ComposeModel, mapValues } from "./compose-model.ts";
import {
  jsonSecretPlaceholder,
  replacePlaceholders,
  secretPlaceholder,
  secretsIn,
} from "./secret-placeholder.ts";

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

/**
 * The model with a variable of Compose in the place of each placeholder in an environment. The `?` lets Compose fail
 * where it does not get the value: without it, the container would be made anew with an empty one.
 */
export function withSecretVariables(model: ComposeModel): ComposeModel {
  const withVariables = (value: string | null) =>
    value === null
      ? null
      : replacePlaceholders(value, ({ name, asJson }) => `\${${variableOf(name, asJson)}?}`);
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
const escapes: Readonly<Record<string, string>> = { ".": "__", "-": "_m", _: "_u", "/": "_s" };

/** `pryv.dbPassword` is `KEELSON_SECRET_pryv__dbPassword`. */
export function variableOf(secret: string, asJson = false): string {
  const name = secret.replace(
    /[^A-Za-z0-9]/gu,
    (character) => escapes[character] ?? `_x${(character.codePointAt(0) ?? 0).toString(16)}_`,
  );
  return `${prefix}${name}${asJson ? json : ""}`;
}

const escapePattern = /_[_mus]|_x([0-9a-f]{1,6})_/g;

function placeholderOf(variable: string): string {
  const characters = new Map(Object.entries(escapes).map(([character, written]) => [written, character]));
  const escaped = variable.slice(prefix.length);
  const asJson = /^(?:[A-Za-z0-9]|_[_mus]|_x[0-9a-f]{1,6}_)*_j$/.test(escaped);
  const name = (asJson ? escaped.slice(0, -json.length) : escaped).replace(
    escapePattern,
    (written, digits?: string) =>
      characters.get(written) ?? String.fromCodePoint(Number.parseInt(digits ?? "0", 16)),
  );
  return asJson ? jsonSecretPlaceholder(name) : secretPlaceholder(name);
}
