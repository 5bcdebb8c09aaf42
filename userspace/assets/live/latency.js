// SPDX-License-Identifier: BSD-2-Clause
// Quantiles of a histogram that is not cumulative and whose last bucket has no upper bound.

export function total(buckets) {
  return buckets.reduce((sum, count) => sum + count, 0);
}

// {value, bound} in seconds: linear between the bounds of the bucket that it falls into, whose upper one is `bound`.
// `below`: in the first bucket. `above`: in the last; `value` is then only what it exceeds. Null of nothing.
export function quantile(bounds, buckets, share) {
  const all = total(buckets);
  if (!all) return null;
  const rank = share * all;
  let before = 0;
  for (let index = 0; index < bounds.length; index += 1) {
    const here = buckets[index];
    if (here && before + here >= rank) {
      const lower = index ? bounds[index - 1] : 0;
      const value = lower + (bounds[index] - lower) * ((rank - before) / here);
      return { value, bound: bounds[index], below: index === 0, above: false };
    }
    before += here;
  }
  return { value: bounds.at(-1), bound: Infinity, below: false, above: true };
}
