/**
 * A container that its engine has restarted counts as restarting until it has run for so long: the engine itself takes
 * it for the same trouble until then (moby, restartmanager), and it would else be up and down by turns.
 */
export const steadyMs = 10_000;
