/**
 * An engine that was killed in the middle of a start forgets the task that it had begun, and then refuses every start of
 * that container, for ever: `task <id>: already exists` are the words of containerd. Only another container helps. The engine
 * keeps the words as the container's last error until it has started.
 */
export function isStuck(engineText: string): boolean {
  return /task \S+ already exists/.test(engineText);
}
