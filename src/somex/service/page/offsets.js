// Offsets: somex counts Unicode code points, JavaScript UTF-16 units. They differ after each
// character beyond U+FFFF (some symbols, emoji), which JavaScript counts twice.

export class Offsets {
  #pairs = []; // code point index of each character that takes two units, in order

  constructor(text) {
    let point = 0;
    for (let unit = 0; unit < text.length; unit += 1, point += 1) {
      if (text.codePointAt(unit) > 0xffff) {
        this.#pairs.push(point);
        unit += 1;
      }
    }
    this.length = point;
  }

  #before(isBefore) {
    let low = 0, high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Code points to UTF-16 units. */
  toUnits(point) {
    return point + this.#before((n) => this.#pairs[n] < point);
  }

  /** UTF-16 units to code points. */
  toPoints(unit) {
    return unit - this.#before((n) => this.#pairs[n] + n < unit);
  }
}
