// Logs what it is called with, without codes, and does what the label of the address says.
// An address is MAILBOX+QUESTION-CASE-RANDOM@simulator.amazonses.com.
const wait = ms => new Promise(done => setTimeout(done, ms))

const texts = {
  quotes: 'a "quoted" \'text\'', newline: 'one\ntwo', long: 'x'.repeat(400), unicode: 'مرحبا ü 日本',
  code: 'SAMPLE_CODE: a sentence', stop: 'a sentence.'
}

// The header of a message of the AWS Encryption SDK, in either format.
function header (code) {
  const b = Buffer.from(code, 'base64')
  const at = b[0] === 1 ? 20 : 35
  const length = b.readUInt16BE(at)
  const contextKeys = []
  for (let n = length && b.readUInt16BE(at + 2), p = at + 4; n > 0; n--) {
    const end = p + 2 + b.readUInt16BE(p)
    contextKeys.push(b.toString('utf8', p + 2, end))
    p = end + 2 + b.readUInt16BE(end)
  }
  return { version: b[0], suite: b.readUInt16BE(b[0] === 1 ? 2 : 1).toString(16), dataKeys: b.readUInt16BE(at + 2 + length), contextKeys }
}

exports.handler = async (event, context) => {
  const mail = (event.detail || {}).mail || {}
  const request = event.request || {}
  const address = (mail.destination || [])[0] || (request.userAttributes || {}).email || ''
  const [, label] = address.match(/\+([a-z0-9-]+)@simulator/) || []
  if (!label) return event
  const [question, what] = label.split('-')
  const trigger = event.triggerSource || event['detail-type']
  console.log(JSON.stringify({
    label, trigger, request: context.awsRequestId, at: Date.now(),
    header: request.code && header(request.code),
    tags: mail.tags && Object.keys(mail.tags), response: event.response && Object.keys(event.response)
  }))
  switch (question + ' ' + trigger.split('_')[0]) {
    case 'c2 CustomMessage':
      for (const key of ['emailMessage', 'emailSubject', 'smsMessage']) {
        if (what === 'empty') event.response[key] = ''
        if (what === 'null') event.response[key] = null
        if (what === 'missing') delete event.response[key]
      }
      break
    case 'c7 PreSignUp':
      throw new Error(texts[what])
    case 'c8 PreSignUp':
      if (what === 'sleep') await wait(6000)
      if (what === 'exit') process.exit(1)
      if (what === 'throw') throw new Error('sample')
      break
    case 'c9 CustomEmailSender':
      throw new Error('sample')
    case 'c18 PostConfirmation':
      if (what === 'fail') throw new Error('sample')
  }
  return event
}
