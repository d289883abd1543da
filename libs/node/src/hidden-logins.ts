import { newValueFilter } from "@keelson/secrets";

type HideValues = (text: string) => string;

/** Hides also the logins to registries, of which more are known the more are read. */
export function hideLogins(hideValues: HideValues, listValues: () => readonly string[]): HideValues {
  let count = 0;
  let hideKnown: HideValues = (text) => text;
  return (text) => {
    const values = listValues();
    if (values.length !== count) {
      count = values.length;
      hideKnown = newValueFilter(values);
    }
    return hideValues(hideKnown(text));
  };
}
