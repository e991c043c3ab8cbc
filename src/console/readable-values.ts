/** Values as people read them. */

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Three digits and an SI prefix: 12.4 M. */
export function formatSi(value: number, unit = ''): string {
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step++;
  }
  const digits = step === 0 && Number.isInteger(scaled) ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  const suffix = `${PREFIXES[step] ?? ''}${unit}`;
  return suffix === '' ? scaled.toFixed(digits) : `${scaled.toFixed(digits)} ${suffix}`;
}

/** Packets a second. */
export function formatRate(value: number): string {
  return formatSi(value, 'pps');
}

/** Of the day, here: 03:34:20. */
export function formatClock(seconds: number): string {
  const time = new Date(seconds * 1000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Exact, with thin groups: 12 345 678. */
export function formatCount(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/gu, '\u202f');
}

/** 1:05, or 1:02:03 from an hour on. */
export function formatCountdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const STEPS = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const;

/** How long ago `iso` was: 3 minutes ago. */
export function formatAge(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  const step = STEPS.find(([length]) => seconds >= length);
  if (step === undefined) return 'just now';
  const count = Math.floor(seconds / step[0]);
  return `${count} ${step[1]}${count === 1 ? '' : 's'} ago`;
}

/** In the time zone of the browser: 2026-03-09 14:05:21. */
export function formatTime(iso: string): string {
  const at = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`;
}
