/** Lengths of time as people write them. */

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const PART = /^(?<count>\d{1,9})(?<unit>[smhd]?)$/u;

/** `90`, `90s`, `10m`, `4h`, `1d`, in seconds; undefined where the text is none of these. */
export function parseDuration(text: string): number | undefined {
  const groups = PART.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const unit = groups['unit'] === '' ? 's' : (groups['unit'] as keyof typeof SECONDS);
  return Number(groups['count']) * SECONDS[unit];
}

/** In the two largest units that it has: `1 h 5 min`, `43 s`; whole seconds. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
