/**
 * Whether a branch may have this name, by the rules of git-check-ref-format(1) with `--branch`. A leading `-` is
 * refused, so that no name is ever read as an option.
 */
export function isBranchName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  if (name === "" || name === "@" || name.startsWith("-") || /[\u0000-\u0020\u007f~^:?*[\\]/.test(name)) {
    return false;
  }
  if (name.includes("..") || name.includes("@{") || name.endsWith(".")) return false;
  return name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}
