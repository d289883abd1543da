/** The name of a plugin of the engine, for which no tag is the tag `latest`. */
export function pluginOf(name: string): string {
  return name.replace(/:latest$/, "");
}

/** As engines take it: a name, or a reference such as `vieux/sshfs:1.2`. */
export function isPluginName(name: string): boolean {
  return name.length <= 255 && /^[a-zA-Z0-9][\w.-]*(?:[/:][\w][\w.-]*)*$/.test(name);
}
