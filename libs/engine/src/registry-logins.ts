import { KeelsonError } from "@keelson/model";

import { askHelper } from "./credential-helper.ts";
import {
  type DockerConfig,
  type RegistryLogin,
  helperOf,
  loginOf,
  readDockerConfig,
  unreadable,
} from "./docker-config.ts";
import type { RegistryKey } from "./registry-key.ts";

export interface LoginsInput {
  /** Docker's config.json. */
  configFile: string;
  /** A person named it, so it has to be there. */
  isNamed: boolean;
  /** Throws when others could change the file: it names programs, which are run. */
  requireTrusted: (path: string, what: string) => void;
  /** What a program that keeps logins gets to answer; default 30 s. */
  helperTimeoutMs?: number;
}

/** How to log in to a registry. */
export interface FoundLogin {
  /** null: without one. */
  login: RegistryLogin | null;
  /** Where it is from, or where there is none. */
  configFile: string;
  /** The program that keeps it by what that file says: it may have a newer one the next time. */
  helper: string | null;
  /** Why it cannot be had. A registry that asks for none is asked all the same, as Docker does. */
  fault: KeelsonError | null;
}

/** The logins of this node to registries. Each is read when it is first needed, and kept. */
export interface RegistryLogins {
  find: (registry: RegistryKey) => Promise<FoundLogin>;
  /** Read once more, unless another caller has done so since this one was found. */
  findAnew: (registry: RegistryKey, refused: FoundLogin) => Promise<FoundLogin>;
  /** What was read so far and must be shown nowhere. */
  listValues: () => readonly string[];
}

const defaultHelperTimeoutMs = 30_000;

export function openRegistryLogins(input: LoginsInput): RegistryLogins {
  const kept = new Map<string, Promise<FoundLogin>>();
  const values = new Set<string>();
  const read = async (registry: RegistryKey) => {
    const found = await readLogin(input, registry);
    for (const value of valuesOf(found.login)) values.add(value);
    return found;
  };
  const keep = (registry: RegistryKey) => {
    const found = read(registry);
    kept.set(registry.key, found);
    return found;
  };
  return {
    find: async (registry) => kept.get(registry.key) ?? keep(registry),
    findAnew: async (registry, refused) => {
      const before = kept.get(registry.key);
      const isOther = (await before) !== refused;
      const now = kept.get(registry.key);
      return now !== undefined && (isOther || now !== before) ? now : keep(registry);
    },
    listValues: () => [...values],
  };
}

/** Never throws but for a bug: a fault of the configuration is of no meaning for a registry that asks for no login. */
async function readLogin(input: LoginsInput, registry: RegistryKey): Promise<FoundLogin> {
  const { configFile: path, helperTimeoutMs: timeoutMs = defaultHelperTimeoutMs } = input;
  const found: FoundLogin = { login: null, configFile: path, helper: null, fault: null };
  try {
    const config = await readConfig(input);
    if (config === null) return found;
    const name = helperOf(config, registry);
    if (name === null) return { ...found, login: loginOf(config, { registry, path }) };
    if (!/^[\w.-]+$/.test(name)) {
      throw unreadable(`${path} names what is no program to keep the login for ${registry.host}`);
    }
    found.helper = `docker-credential-${name}`;
    return { ...found, login: await askHelper({ program: found.helper, registry, timeoutMs }) };
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    return { ...found, fault: error };
  }
}

/** `/root/.docker/config.json`, or `docker-credential-pass (named in /root/.docker/config.json)`. */
export function originOf({ configFile, helper }: FoundLogin): string {
  return helper === null ? configFile : `${helper} (named in ${configFile})`;
}

async function readConfig({
  configFile,
  isNamed,
  requireTrusted,
}: LoginsInput): Promise<DockerConfig | null> {
  requireTrusted(configFile, "the file of logins to registries");
  const config = await readDockerConfig(configFile);
  if (config === null && isNamed) throw unreadable(`there is no ${configFile}, which agent.yaml names`);
  return config;
}

/** What is secret of a login, and the form in which a registry gets it. */
function valuesOf(login: RegistryLogin | null): string[] {
  if (login === null) return [];
  const { username, password, identitytoken, registrytoken } = login;
  const pair = username === undefined || password === undefined ? undefined : `${username}:${password}`;
  return [password, pair, identitytoken, registrytoken].filter((value) => value !== undefined);
}
