/** A small lesson, whole: tests spoil one line of it at a time. */
export const page = `# 1. A small one

- question: Who calls?
- minutes: 10
- mode: mtls
- claims: I1, D7

Some words.

More words.

## Predict

What will payments do?

- A. Serve. (step 2: \`request at=payments outcome=served\`)
- B. Refuse, over
  two lines. (step 2: \`refused at=payments\`)

## Step 1: Look

Before it.

\`\`\`console
$ ./hop request
POST /orders → 201
$ ./hop calls
\`\`\`

After it.

Done when \`request at=edge status=2xx\`.

## Step 2: Do it

A task.

Hint 1: a nudge

Hint 2: a push

Hint 3: a shove

Solution:

\`\`\`console
$ ./hop mode mtls
\`\`\`

Done when \`mode is=mtls\` and \`refused at=payments\`.

## What happened

It did.

## Change it

Do.

## At work

Go on.
`
export const file = '01-a-small-one.md'
