import type { RegistryLogin } from "./docker-config.ts";
import { registryKeyOf } from "./registry-key.ts";
import type { FoundLogin, RegistryLogins } from "./registry-logins.ts";
import { RegistryRefusal, refused } from "./registry-refusal.ts";
import { untilCancelled } from "./request.ts";

/**
 * Asks the registry of an image with the node's login for it, and returns that login. Where it is refused the login is read
 * anew and, when there is another one, tried once more: programs that keep logins renew them. The same one is not tried
 * again, because registries lock accounts. `ask` throws a `RegistryRefusal`.
 */
export async function askRegistry(
  {
    logins,
    reference,
    signal,
    asker = "this node",
  }: {
    logins: RegistryLogins;
    reference: string;
    signal: AbortSignal;
    /** To whom it does not give the image, in a message. */
    asker?: string;
  },
  ask: (login: RegistryLogin | null) => Promise<void>,
): Promise<FoundLogin> {
  const registry = registryKeyOf(reference);
  const wait = async (found: Promise<FoundLogin>) =>
    untilCancelled(found, { signal, what: `read the login for ${registry.host}` });
  const first = await wait(logins.find(registry));
  const refusal = await refusalOf(ask, first.login);
  if (refusal === null) return first;
  const second = await wait(logins.findAnew(registry, first));
  if (isSame(first, second)) throw refused(reference, { registry, found: second, refusal, asker });
  const again = await refusalOf(ask, second.login);
  if (again !== null) throw refused(reference, { registry, found: second, refusal: again, asker });
  return second;
}

async function refusalOf(
  ask: (login: RegistryLogin | null) => Promise<void>,
  login: RegistryLogin | null,
): Promise<RegistryRefusal | null> {
  try {
    await ask(login);
    return null;
  } catch (error) {
    if (error instanceof RegistryRefusal) return error;
    throw error;
  }
}

function isSame(a: FoundLogin, b: FoundLogin): boolean {
  return JSON.stringify(a.login) === JSON.stringify(b.login);
}
