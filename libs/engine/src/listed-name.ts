import { listOf, textOf } from "./json-reader.ts";

/** The name of a container in a list, without the leading slash: further names, with two slashes, are from links. */
export function listedName({ Names: names }: { Names?: unknown }): string {
  const own = listOf(names).map(textOf);
  return (own.find((name) => /^\/[^/]+$/.test(name)) ?? "").slice(1);
}
