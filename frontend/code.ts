// How a front end reads a code that a person types, or that comes in a link. This file has no
// dependencies: copy it into your app.

/**
 * Returns the six digits of a code, as 0 to 9, or undefined when there is not exactly one code to
 * be seen: ask for the six digits then, since Cognito counts wrong codes. The digits may be those
 * of any script. Signs between and around them do not count, and words may stand before and
 * behind, as in "Your code is 123-456."
 */
export function readCode(text: string): string | undefined {
  if (text.length > 512 || unreadable.test(text)) {
    return undefined;
  }
  const codes = new Set(text.split(letter).map(digits).filter((group) => group.length === 6));
  const [code] = codes;
  return codes.size === 1 ? code : undefined;
}

// Numbers that are no digits, such as ², and what a broken text is read as.
const unreadable = /(?!\p{Nd})\p{N}|[^\P{Cc}\t-\r\u0085]|\uFFFD/u;

// A letter that is seen. The long vowel mark of a Japanese keyboard (Lm) serves as a dash.
const letter = /(?![\p{Lm}\p{Default_Ignorable_Code_Point}])\p{L}/u;

function digits(text: string): string {
  return (text.match(/\p{Nd}/gu) ?? []).map(value).join("");
}

// The digits of a script stand in runs from zero to nine, some of which follow one another.
function value(digit: string): number {
  const code = digit.codePointAt(0)!;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) {
    zero--;
  }
  return (code - zero) % 10;
}
