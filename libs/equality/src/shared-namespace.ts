import type { ComparedContainer } from "./compared.ts";

/** `container:<id>` is another service of the project where that container is one of its. */
export function sharedWith(mode: string, serviceOf: ComparedContainer["serviceOf"]): string {
  const [, id = ""] = /^container:(.+)$/.exec(mode) ?? [];
  const service = id === "" ? null : serviceOf(id);
  return service === null ? mode : `service:${service}`;
}
