import * as v from 'valibot'

/** An object with these fields; others are let pass and ignored. */
export const fields = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.object(entries, 'a value, it is required')

/** A text of 1 to `most` characters. */
export const text = (most: number) => {
  const meaning = `a text of 1 to ${most} characters`
  return v.pipe(v.string(meaning), v.minLength(1, meaning), v.maxLength(most, meaning))
}

const cardMeaning = 'a card number of 12 to 19 digits'

/** A card number, as a text of digits. */
export const card = v.pipe(v.string(cardMeaning), v.regex(/^[0-9]{12,19}$/, cardMeaning))

const amountMeaning = 'a whole number from 1 to 1000000000'

/** An amount of money in the smallest unit of its currency. */
export const amount = v.pipe(
  v.number(amountMeaning),
  v.integer(amountMeaning),
  v.minValue(1, amountMeaning),
  v.maxValue(1_000_000_000, amountMeaning),
)
