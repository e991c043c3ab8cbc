/** What this process has spent, in milliseconds: a bound by it does the same work on a busy machine. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
