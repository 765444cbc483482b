// The field for files: one PUT a file, one after the other, with progress, cancel and retry. Python hears of files that
// the server has received whole ("uploaded"), and of a ticket that the server no longer takes ("renew").

const kept = new WeakMap() // what is going on in each mounted field; the function below runs again at every rerun

export default function (component) {
  const root = component.parentElement.querySelector(".uploader")
  let field = kept.get(component.parentElement)
  if (!field) {
    field = new Field(root)
    kept.set(component.parentElement, field)
  }
  field.update(component)
  return () => {
    field.leave()
    kept.delete(component.parentElement)
  }
}

class Field {
  constructor(root) {
    this.root = root
    this.items = []
    this.note = null
    this.input = root.querySelector(".input")
    this.list = root.querySelector(".files")
    this.live = root.querySelector(".live")
    // leaving the page would end what is on its way: the browser asks first
    this.ask = event => this.items.some(item => item.request) && event.preventDefault()
    window.addEventListener("beforeunload", this.ask)
    root.querySelector(".choose").onclick = () => this.input.click()
    this.input.onchange = () => {
      this.add(Array.from(this.input.files))
      this.input.value = "" // so that the same file can be chosen again
    }
    let depth = 0
    const over = on => root.classList.toggle("over", on)
    root.ondragenter = event => {
      event.preventDefault()
      depth += 1
      over(true)
    }
    root.ondragover = event => event.preventDefault()
    root.ondragleave = () => {
      depth = Math.max(0, depth - 1)
      over(depth > 0)
    }
    root.ondrop = event => {
      event.preventDefault()
      depth = 0
      over(false)
      this.add(Array.from(event.dataTransfer.files))
    }
  }

  // The texts, the limits and the ticket as Python has them now.
  update(component) {
    const renewed = this.data && this.data.ticket !== component.data.ticket
    this.component = component
    this.data = component.data
    const { words, label, multiple } = this.data
    this.root.setAttribute("aria-label", label)
    this.root.querySelector(".hint").textContent = words.hint
    this.root.querySelector(".choose").textContent = words.choose
    this.root.querySelector(".limit").textContent = words.limit
    this.input.multiple = multiple
    if (renewed) {
      for (const item of this.items) if (item.state === "renewing") item.state = "waiting"
    }
    this.draw()
    this.next()
  }

  leave() {
    window.removeEventListener("beforeunload", this.ask)
    for (const item of this.items) if (item.request) item.request.abort()
    this.items = []
  }

  add(files) {
    if (!files.length) return
    const { multiple, most, limit, words } = this.data
    this.note = null
    if (!multiple && files.length > 1) return this.say(words.one, true)
    if (files.length > most) return this.say(words.many, true)
    if (!multiple) {
      for (const item of [...this.items]) this.remove(item)
    } else {
      this.items = this.items.filter(item => !item.reported)
    }
    for (const file of files) {
      const item = { file, name: file.name, size: file.size, sent: 0, state: "waiting" }
      if (file.size > limit) {
        this.fail(item, fill(words.large, { name: item.name, size: this.bytes(item.size) }))
      }
      this.items.push(item)
    }
    this.next()
  }

  // Send the next file, or, when nothing is left to wait for, tell Python what has come.
  next() {
    const busy = this.items.some(item => ["sending", "checking", "renewing"].includes(item.state))
    const item = this.items.find(one => one.state === "waiting")
    if (item && !busy) this.send(item)
    if (!item && !busy && !this.items.some(one => one.state === "failed")) this.report()
    this.draw()
  }

  report() {
    const fresh = this.items.filter(item => item.state === "done" && !item.reported)
    if (!fresh.length) return
    for (const item of fresh) item.reported = true
    this.component.setTriggerValue(
      "uploaded",
      fresh.map(({ id, name, size }) => ({ id, name, size })),
    )
  }

  send(item) {
    const { url, ticket, language, words } = this.data
    const request = new XMLHttpRequest()
    Object.assign(item, { state: "sending", sent: 0, error: null, request })
    request.open("PUT", url)
    request.setRequestHeader("X-Bentu-Upload", ticket)
    request.setRequestHeader("X-Bentu-Name", encodeURIComponent(item.name.toWellFormed?.() ?? item.name))
    request.setRequestHeader("Content-Type", "application/octet-stream")
    request.setRequestHeader("Accept-Language", language)
    request.upload.onprogress = event => {
      item.sent = event.loaded
      this.drawProgress(item)
    }
    request.upload.onload = () => {
      if (item.state !== "sending") return
      item.state = "checking"
      this.draw()
    }
    request.onload = () => this.answered(item, request)
    request.onerror = () => {
      item.request = null
      // nothing left this computer: the file is gone, not readable, or a folder
      this.fail(item, item.sent === 0 && item.size > 0 && navigator.onLine ? words.unread : words.broken)
      this.next()
    }
    this.say(fill(words.sending, item))
    request.send(item.file)
  }

  answered(item, request) {
    item.request = null
    let answer = null
    try {
      answer = JSON.parse(request.responseText)
    } catch {
      // a proxy's page, or nothing
    }
    if (request.status === 201 && answer?.id) {
      Object.assign(item, { state: "done", sent: item.size, id: answer.id })
      this.say(fill(this.data.words.received, item))
    } else if (answer?.error?.code === "UPLOAD_TICKET" && !item.renewed) {
      Object.assign(item, { state: "renewing", renewed: true })
      this.component.setTriggerValue("renew", true)
    } else {
      const { message, remedy } = answer?.error ?? { message: this.data.words.broken, remedy: "" }
      this.fail(item, [message, remedy].filter(Boolean).join(this.data.words.between))
    }
    this.next()
  }

  fail(item, error) {
    Object.assign(item, { state: "failed", error })
    this.say(`${item.name}: ${error}`)
  }

  retry(item) {
    Object.assign(item, { state: "waiting", error: null, renewed: false })
    this.next()
  }

  // Cancel a file that is on its way, or take one off the list; what the server has of it goes.
  remove(item) {
    this.items = this.items.filter(one => one !== item)
    if (item.request) {
      item.request.abort()
      this.say(fill(this.data.words.cancelled, item))
    } else if (item.state === "done" && !item.reported) {
      fetch(`${this.data.url}/${item.id}`, { method: "DELETE", headers: { "X-Bentu-Upload": this.data.ticket } }).catch(() => {})
    }
  }

  say(text, note = false) {
    this.live.textContent = text
    if (note) this.note = text
    if (note) this.draw()
  }

  draw() {
    const focused = this.root.getRootNode().activeElement?.dataset?.button
    const rows = this.items.map((item, place) => this.drawItem(item, place))
    if (this.note) rows.unshift(element("li", "note", this.note))
    this.list.replaceChildren(...rows)
    if (focused) (this.list.querySelector(`[data-button="${focused}"]`) ?? this.root.querySelector(".choose")).focus()
  }

  drawItem(item, place) {
    const { words } = this.data
    const row = element("li", "file")
    row.dataset.state = item.state
    const name = element("span", "name", item.name)
    name.title = item.name
    item.label = element("span", "state")
    row.append(name, item.label)
    const below = element("div", "row")
    if (item.state === "failed") {
      below.append(element("p", "error", item.error))
      if (item.size <= this.data.limit) below.append(this.button(place, "retry", item, () => this.retry(item)))
      below.append(this.button(place, "remove", item, () => (this.remove(item), this.next())))
    } else if (item.state !== "done") {
      item.bar = element("progress", "bar")
      item.bar.setAttribute("aria-label", fill(words.progress, item))
      below.append(item.bar, this.button(place, "cancel", item, () => (this.remove(item), this.next())))
    } else if (!item.reported) {
      below.append(this.button(place, "remove", item, () => (this.remove(item), this.next())))
    }
    if (below.childNodes.length) row.append(below)
    this.drawProgress(item)
    return row
  }

  drawProgress(item) {
    const { words, language } = this.data
    if (!item.label) return
    if (item.bar) {
      item.bar.max = item.size || 1
      item.bar.value = item.sent
    }
    const share = Math.min(1, item.size ? item.sent / item.size : 0)
    const percent = new Intl.NumberFormat(language, { style: "percent" }).format(share)
    const said = {
      waiting: words.waiting,
      renewing: words.waiting,
      checking: words.checking,
      sending: fill(words.share, { percent, sent: this.bytes(Math.min(item.sent, item.size)), size: this.bytes(item.size) }),
      done: fill(words.done, { size: this.bytes(item.size) }),
      failed: this.bytes(item.size),
    }
    item.label.textContent = said[item.state]
  }

  button(place, kind, item, action) {
    const made = element("button", kind, this.data.words[kind])
    made.type = "button"
    made.dataset.button = `${kind}${place}`
    made.setAttribute("aria-label", fill(this.data.words[`${kind}Of`], item))
    made.onclick = action
    return made
  }

  bytes(size) {
    const [by, unit] = size >= 1e6 ? [1e6, "MB"] : size >= 1e3 ? [1e3, "kB"] : [1, "B"]
    const digits = size / by < 100 ? 1 : 0
    return `${new Intl.NumberFormat(this.data.language, { maximumFractionDigits: digits }).format(size / by)} ${unit}`
  }
}

function element(tag, name, text = "") {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = text // never markup: names and errors may quote what people wrote
  return made
}

function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole))
}
