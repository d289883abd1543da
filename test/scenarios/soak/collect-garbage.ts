// node --expose-gc --import THIS-FILE: at SIGUSR2 a process gives back all memory that it does not need. What it then
// has is what it holds, and not when it last had a reason to tidy up.
process.on("SIGUSR2", () => globalThis.gc?.());
