/** Caches the formatted time for a second: a `Date` for each request would cost more than the rest of its line. */
export function oncePerSecond(format: (date: Date) => string): (now: number) => string {
  let second = Number.NaN;
  let text = '';
  return (now) => {
    const current = Math.floor(now / 1000);
    if (current !== second) {
      second = current;
      text = format(new Date(current * 1000));
    }
    return text;
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/** `13:55:36` in local time. */
export function clockTime(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `10/Oct/2000:13:55:36 -0700` in local time, as Apache and nginx write it. */
export function timeLocal(date: Date): string {
  const east = -date.getTimezoneOffset();
  const ahead = Math.abs(east);
  const zone = `${east < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}${two(ahead % 60)}`;
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  return `${day}:${clockTime(date)} ${zone}`;
}

/** `2000-10-10T20:55:36`; the caller appends the fraction and `Z`. */
export function isoSecond(date: Date): string {
  return date.toISOString().slice(0, 19);
}
