import { expect, test } from 'vitest'
import { parseLesson } from '../../../labs/parse.ts'
import { HopError } from '../../../pki/error.ts'
import { file, page } from './a-lesson.ts'

test('a lesson is read as it stands on its page', () => {
  const lesson = parseLesson(file, page)
  expect(lesson).toMatchObject({
    ...{ number: 1, slug: 'a-small-one', title: 'A small one', question: 'Who calls?', minutes: 10, mode: 'mtls' },
    ...{ claims: ['I1', 'D7'], intro: 'Some words.\n\nMore words.' },
    after: [{ title: 'What happened' }, { title: 'Change it' }, { title: 'At work' }],
  })
  expect(lesson.predict.choices[1]).toMatchObject({ letter: 'B', text: 'Refuse, over two lines.', step: 2 })
  const [look, task] = lesson.steps
  expect(look?.parts).toEqual([
    { prose: 'Before it.' },
    { transcript: { command: './hop request', output: 'POST /orders → 201\n' } },
    { transcript: { command: './hop calls', output: '' } },
    { prose: 'After it.' },
  ])
  expect(look?.hints).toEqual([])
  expect(task?.hints).toEqual(['a nudge', 'a push', 'a shove'])
  expect(task?.solution.map(({ command }) => command)).toEqual(['./hop mode mtls'])
  expect(task?.conditions).toEqual([
    { text: 'mode is=mtls', name: 'mode', args: { is: 'mtls' } },
    { text: 'refused at=payments', name: 'refused', args: { at: 'payments' } },
  ])
})

const mistakes: [what: string, from: string, to: string, at: string, said: RegExp][] = [
  ['another number than its file', '# 1. A small one', '# 2. A small one', '# 2.', /# 1\. and a title/],
  ['a mode nobody knows', 'mode: mtls', 'mode: tsl', 'tsl', /expected edge-terminate-plaintext.*found tsl/],
  ['a claim nobody knows', 'I1, D7', 'I1, D77', 'D77', /ids of claims.*D77/],
  ['too long a lesson', 'minutes: 10', 'minutes: 45', '45', /10 to 20/],
  ['a key said twice', '- minutes: 10', '- minutes: 10\n- minutes: 12', 'minutes: 12', /each once/],
  ['no prediction', '## Predict', '## Guess', '## Guess', /## Predict first/],
  ['a choice about a step that is not there', 'Serve. (step 2', 'Serve. (step 3', '- A. Serve', /a step from 1 to 2/],
  ['a predicate nobody knows', 'request at=edge', 'requests at=edge', 'requests', /one of mode, request/],
  ['an argument nobody knows', 'at=edge status=2xx', 'at=edge stauts=2xx', 'stauts', /found stauts=2xx/],
  ['an argument that is missing', 'mode is=mtls`', 'mode`', '`mode`', /is=…/],
  ['two hints', 'Hint 3: a shove\n', '', '## Step 2', /three hints before a solution/],
  ['hints out of order', 'Hint 2', 'Hint 3', 'Hint 3: a push', /hints in order/],
  ['a step that is never done', 'Done when `request at=edge status=2xx`.', '', '## Step 1', /Done when/],
  [
    'something after the end of a step',
    'status=2xx`.',
    'status=2xx`.\n\nAnd so on.',
    'And so on',
    /nothing after Done when/,
  ],
  ['a block that nothing would run', 'It did.', '```sh\nrm -r .hop\n```', '```sh', /prose/],
  [
    'a step without anything to do',
    '```console\n$ ./hop request\nPOST /orders → 201\n$ ./hop calls\n```',
    '',
    '## Step 1',
    /a command/,
  ],
  ['a section too few', '## At work\n\nGo on.\n', '', '## Step 2', /## What happened/],
]

test.each(mistakes)('%s is named with its line', (_, from, to, at, said) => {
  expect(page).toContain(from)
  const spoilt = page.replace(from, () => to)
  const read = () => parseLesson(file, spoilt)
  expect(read).toThrow(HopError)
  expect(read).toThrow(said)
  const line = spoilt.split('\n').findIndex(text => text.includes(at)) + 1
  expect(read).toThrow(new RegExp(`line ${line}: `))
})
