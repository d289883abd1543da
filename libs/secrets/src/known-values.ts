import { newValueFilter } from "./hidden-value.ts";

/** The values of secrets, by name. */
export interface KnownValues {
  has: (name: string) => boolean;
  get: (name: string) => string | undefined;
  /** The text with `***` for every value that was ever known: what runs may still have one of before. */
  hide: (text: string) => string;
  /** Puts these in the place of all that were sealed before. */
  takeSealed: (values: ReadonlyMap<string, string>) => void;
}

/** The node's own values come before those that were sealed. */
export function newKnownValues(own: ReadonlyMap<string, string>): KnownValues {
  let sealed: ReadonlyMap<string, string> = new Map();
  const seen = new Set(own.values());
  let hide = newValueFilter([...seen]);
  return {
    has: (name) => own.has(name) || sealed.has(name),
    get: (name) => own.get(name) ?? sealed.get(name),
    hide: (text) => hide(text),
    takeSealed: (values) => {
      sealed = values;
      const before = seen.size;
      for (const value of values.values()) seen.add(value);
      if (seen.size > before) hide = newValueFilter([...seen]);
    },
  };
}
