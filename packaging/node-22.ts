// Node 22 says at every start that its SQLite is experimental; later ones do not, and it is the same.
if (process.versions.node.startsWith("22.")) {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: never[]) => {
    if (!String(warning).startsWith("SQLite is an experimental")) emitWarning(warning, ...rest);
  };
}
