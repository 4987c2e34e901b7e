// Items for those who bring none: sentences, and pictures of random pixels. The same number gives the same item.

const THINGS = ['film', 'book', 'meal', 'room', 'phone', 'song', 'trip', 'game', 'coat', 'lamp', 'course', 'bank'];
const VERDICTS = ['wonderful', 'dreadful', 'a delight', 'a waste of time', 'well made', 'broken', 'dull', 'superb'];
const SIDE = 64;
const HEADER = 54;

export function drawnText(n) {
  const thing = THINGS[n % THINGS.length];
  return `The ${thing} of number ${n} was ${VERDICTS[Math.floor(n / THINGS.length) % VERDICTS.length]}`;
}

// A BMP of 24 bits a pixel: the one picture format that needs neither compression nor a checksum.
export function drawnPicture(n) {
  const view = new DataView(new ArrayBuffer(HEADER + 3 * SIDE * SIDE));
  view.setUint16(0, 0x424d);
  view.setUint32(2, view.byteLength, true);
  view.setUint32(10, HEADER, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, SIDE, true);
  view.setInt32(22, SIDE, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  // Numerical Recipes' generator: all that matters is that two pictures differ.
  let state = n % 0x100000000 ^ Math.floor(n / 0x100000000);
  for (let at = HEADER; at < view.byteLength; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    view.setUint32(at, state, true);
  }
  return view.buffer;
}
