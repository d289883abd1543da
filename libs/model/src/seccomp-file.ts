/**
 * The file of `seccomp=FILE`, of which Compose sends the content to the engine: without `.` and double slashes. Null where the
 * option names none. The engine takes a colon for `=`.
 */
export function seccompFileOf(option: string): string | null {
  const [, file = ""] = /^seccomp[:=](?!builtin$|unconfined$)(.+)$/s.exec(option) ?? [];
  if (file === "" || file.startsWith("/")) return file === "" ? null : file;
  const short = file
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/");
  return short === "" ? "." : short;
}
