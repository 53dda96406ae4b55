/** 0 -> "A"; beyond Z the number, as the server says it. */
export const letterOf = (index: number) => (index < 26 ? String.fromCharCode(65 + index) : String(index + 1));
