import { harmless } from '../render/words.ts'

/** Markup that may stand in a page as it is. */
export type Html = { readonly markup: string }

type Value = string | number | Html | undefined | readonly Value[]

/**
 * A piece of markup: html`<p>${text}</p>`. Whatever is put in is escaped, for text and for quoted attributes, unless it
 * is markup itself; what cannot be seen or turns the direction of writing is made visible. Lists are joined.
 */
export const html = (parts: TemplateStringsArray, ...values: Value[]): Html => ({
  markup: parts.map((part, i) => part + (i < values.length ? markupOf(values[i]) : '')).join(''),
})

/** Markup of our own that was not made by {@link html}, such as a style sheet. Never for what was observed. */
export const trusted = (markup: string): Html => ({ markup })

const markupOf = (value: Value): string => {
  if (value === undefined) return ''
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  return 'markup' in value ? value.markup : value.map(markupOf).join('')
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escaped = (text: string): string => harmless(text).replaceAll(/[&<>"']/g, character => entities[character]!)
