/**
 * Texts of our own for measuring how well tokens are counted: prose in many scripts, code, logs, data, and what is hard on
 * a tokenizer. Each is a few hundred characters, so that no text is hidden by a longer one.
 */
export interface CorpusText {
  readonly name: string;
  readonly text: string;
}

const CODE = `export async function loadOrders(store: OrderStore, since: Date): Promise<readonly Order[]> {
  const rows = await store.query("select * from orders where created_at >= ?", [since.toISOString()]);
  return rows.filter((row) => !row.cancelled).map(({ id, total, currency }) => ({ id, total: Number(total), currency }));
}`;

const PYTHON = `def moving_average(values, width=7):
    """Mean of the last \`width\` values, for each position that has so many."""
    if width < 1:
        raise ValueError(f"width must be positive, not {width!r}")
    window, total = [], 0.0
    for value in values:
        window.append(value)
        total += value
        if len(window) > width:
            total -= window.pop(0)
        if len(window) == width:
            yield total / width`;

const LOG = `2026-03-14T09:26:53.589Z INFO  gateway.listening port=18789 pid=41217 took_ms=183
2026-03-14T09:26:54.002Z WARN  node.offline nodeId=n-7f3a9c2e lastSeen=2026-03-14T09:21:12Z
2026-03-14T09:26:57.771Z ERROR turn.stalled code=ENGINE_UNAVAILABLE attempt=3 wait=1000ms rss=118MiB
Mar 14 09:27:01 heavy-compute kernel: [ 8123.441902] nvme0n1: I/O 512 QID 4 timeout, completion polled`;

const TABLE = `| host            | cpu % | mem MiB | disk      |
| --------------- | ----: | ------: | --------- |
| heavy-compute   |  97.5 |  63,412 | /dev/sda1 |
| little-helper-2 |   3.1 |     811 | /dev/vda2 |
----------------------------------------------------
Filesystem     1K-blocks      Used Available Use% Mounted on
/dev/sda1      244506940 198217412  33799516  86% /`;

const JSON_TEXT = JSON.stringify({
  id: "b3f0c6e2-5d2a-4c1b-9f0e-0a7d8b6c5e4f", kind: "invoice", lines: [
    { sku: "AX-1009", qty: 3, price: 19.99 }, { sku: "QZ-77", qty: 12, price: 0.35 },
  ], paid: false, tags: ["march", "wholesale"], note: null,
}, null, 2);

/** Bytes that look random and are the same everywhere. */
function noise(count: number): Buffer {
  let state = 0x2545f491;
  return Buffer.from(Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  }));
}

export const TOKEN_CORPUS: readonly CorpusText[] = [
  {
    name: "English",
    text: "Please look at the logs of the heavy-compute node and tell me why last night's backup did not finish. " +
      "I think the disk was full, but nobody has checked. If it was, delete the oldest archives and keep the newest three; " +
      "then run it again and say how long it took. We agreed on Tuesday that invoices are kept for ten years.",
  },
  {
    name: "English, technical",
    text: "Idempotency keys deduplicate retries; backpressure propagates upstream through bounded queues. Misconfigured " +
      "microservices occasionally deserialise untrustworthy payloads, so schema validation precedes authorisation. " +
      "Asynchronous checkpointing amortises fsync latency across transactions.",
  },
  {
    name: "German",
    text: "Bitte prüfe die Protokolle des Rechners im Keller und sag mir, warum die Sicherung in der Nacht abgebrochen ist. " +
      "Vermutlich war die Festplatte voll. Die Rechnungsabgrenzungsposten müssen zehn Jahre aufbewahrt werden, " +
      "das hat die Geschäftsführung am Dienstag beschlossen. Überflüssige Größenangaben dürfen gelöscht werden.",
  },
  {
    name: "French",
    text: "Peux-tu vérifier pourquoi la sauvegarde d'hier soir ne s'est pas terminée ? Je crois que le disque était plein, " +
      "mais personne n'a regardé. Nous avons décidé mardi de garder les factures pendant dix ans ; efface les archives " +
      "les plus anciennes, à l'exception des trois dernières, puis relance l'opération.",
  },
  {
    name: "Spanish",
    text: "¿Puedes mirar por qué la copia de seguridad de anoche no terminó? Creo que el disco estaba lleno, pero nadie lo " +
      "comprobó. Decidimos el martes guardar las facturas durante diez años; borra los archivos más antiguos y vuelve a empezar.",
  },
  {
    name: "Portuguese",
    text: "Você pode verificar por que a cópia de segurança de ontem à noite não terminou? Acho que o disco estava cheio. " +
      "Decidimos na terça-feira que as faturas são guardadas por dez anos; não apague as três mais recentes.",
  },
  {
    name: "Italian",
    text: "Puoi controllare perché il salvataggio di ieri sera non è finito? Credo che il disco fosse pieno, ma nessuno ha " +
      "guardato. Martedì abbiamo deciso di conservare le fatture per dieci anni; cancella gli archivi più vecchi.",
  },
  {
    name: "Polish",
    text: "Sprawdź, proszę, dlaczego wczorajsza kopia zapasowa się nie zakończyła. Myślę, że dysk był pełny, ale nikt tego nie " +
      "sprawdził. We wtorek postanowiliśmy przechowywać faktury przez dziesięć lat; najstarsze archiwa można usunąć.",
  },
  {
    name: "Czech",
    text: "Podívej se prosím, proč se včerejší záloha nedokončila. Myslím, že byl plný disk, ale nikdo to nezkontroloval. " +
      "V úterý jsme se rozhodli uchovávat faktury deset let; nejstarší archivy můžeš smazat a zálohu spustit znovu.",
  },
  {
    name: "Finnish",
    text: "Voisitko tarkistaa, miksi eilisillan varmuuskopiointi ei valmistunut? Luulen, että levy oli täynnä, mutta kukaan ei " +
      "tarkistanut sitä. Päätimme tiistaina säilyttää laskut kymmenen vuotta; vanhimmat arkistot voidaan poistaa.",
  },
  {
    name: "Hungarian",
    text: "Kérlek, nézd meg, miért nem fejeződött be a tegnap esti biztonsági mentés. Szerintem megtelt a lemez, de senki sem " +
      "ellenőrizte. Kedden úgy döntöttünk, hogy a számlákat tíz évig megőrizzük; a legrégebbi archívumok törölhetők.",
  },
  {
    name: "Turkish",
    text: "Dün geceki yedeklemenin neden bitmediğine bakabilir misin? Sanırım disk doluydu ama kimse kontrol etmedi. Salı günü " +
      "faturaları on yıl saklamaya karar verdik; en eski arşivleri silip işlemi yeniden başlatabilirsin.",
  },
  {
    name: "Vietnamese",
    text: "Bạn kiểm tra giúp tôi vì sao bản sao lưu tối qua chưa hoàn thành. Tôi nghĩ ổ đĩa đã đầy nhưng chưa ai xem. Hôm thứ ba " +
      "chúng ta đã quyết định giữ hóa đơn trong mười năm; hãy xóa những bản lưu trữ cũ nhất.",
  },
  {
    name: "Indonesian",
    text: "Tolong periksa mengapa pencadangan tadi malam tidak selesai. Sepertinya cakramnya penuh, tetapi belum ada yang " +
      "memeriksa. Kami memutuskan pada hari Selasa untuk menyimpan faktur selama sepuluh tahun.",
  },
  {
    name: "Russian",
    text: "Посмотри, пожалуйста, почему вчерашнее резервное копирование не завершилось. Думаю, диск был заполнен, но никто не " +
      "проверил. Во вторник мы решили хранить счета десять лет; самые старые архивы можно удалить.",
  },
  {
    name: "Ukrainian",
    text: "Подивися, будь ласка, чому вчорашнє резервне копіювання не завершилося. Мабуть, диск був повний, але ніхто не " +
      "перевірив. У вівторок ми вирішили зберігати рахунки десять років; найстаріші архіви можна видалити.",
  },
  {
    name: "Greek",
    text: "Δες, σε παρακαλώ, γιατί δεν ολοκληρώθηκε το χθεσινό αντίγραφο ασφαλείας. Νομίζω ότι ο δίσκος ήταν γεμάτος, αλλά κανείς " +
      "δεν το έλεγξε. Την Τρίτη αποφασίσαμε να κρατάμε τα τιμολόγια για δέκα χρόνια.",
  },
  {
    name: "Hebrew",
    text: "בבקשה בדוק למה הגיבוי של אתמול בלילה לא הסתיים. אני חושב שהדיסק היה מלא, אבל אף אחד לא בדק. ביום שלישי החלטנו לשמור את " +
      "החשבוניות עשר שנים; אפשר למחוק את הארכיונים הישנים ביותר.",
  },
  {
    name: "Arabic",
    text: "من فضلك تحقق لماذا لم يكتمل النسخ الاحتياطي ليلة أمس. أظن أن القرص كان ممتلئا، لكن لم يتحقق أحد. قررنا يوم الثلاثاء " +
      "الاحتفاظ بالفواتير عشر سنوات؛ احذف أقدم الأرشيفات ثم أعد التشغيل.",
  },
  {
    name: "Hindi",
    text: "कृपया देखें कि कल रात का बैकअप पूरा क्यों नहीं हुआ। मुझे लगता है कि डिस्क भर गई थी, पर किसी ने " +
      "जाँच नहीं की। मंगलवार को हमने " +
      "तय किया कि बिल दस साल तक रखे जाएँगे; सबसे पुराने संग्रह हटा दें।",
  },
  {
    name: "Bengali",
    text: "দয়া করে দেখুন গত রাতের ব্যাকআপ কেন শেষ হয়নি। আমার মনে হয় ডিস্ক ভরে গিয়েছিল, কিন্তু কেউ পরীক্ষা করেনি। মঙ্গলবার আমরা " +
      "ঠিক করেছি যে চালান দশ বছর রাখা হবে।",
  },
  {
    name: "Tamil",
    text: "நேற்று இரவு காப்பு ஏன் முடியவில்லை என்று பாருங்கள். வட்டு நிரம்பியிருந்தது என்று நினைக்கிறேன், ஆனால் யாரும் சரிபார்க்கவில்லை.",
  },
  {
    name: "Thai",
    text: "ช่วยตรวจสอบหน่อยว่าทำไมการสำรองข้อมูลเมื่อคืนถึงไม่เสร็จ " +
      "ฉันคิดว่าดิสก์เต็ม แต่ยังไม่มีใครตรวจดู เมื่อวันอังคารเราตกลงกันว่าจะเก็บใบแจ้งหนี้ไว้สิบปี",
  },
  {
    name: "Chinese, simplified",
    text: "请检查一下昨晚的备份为什么没有完成。我觉得是磁盘满了，但没有人看过。我们星期二决定把发票保存十年；请删除最旧的档案，保留最新的三个，" +
      "然后重新运行，并告诉我用了多长时间。服务器的温度似乎也偏高，请顺便看看风扇是否正常。",
  },
  {
    name: "Chinese, traditional",
    text: "請檢查一下昨晚的備份為什麼沒有完成。我覺得是磁碟滿了，但沒有人看過。我們星期二決定把發票保存十年；請刪除最舊的檔案，保留最新的三個，" +
      "然後重新執行，並告訴我用了多長時間。鬱鬱蔥蔥的龜殼與齒輪，讓人摸不著頭緒。",
  },
  {
    name: "Japanese",
    text: "昨夜のバックアップがなぜ終わらなかったのか調べてください。ディスクがいっぱいだったと思いますが、誰も確認していません。" +
      "火曜日に、請求書は十年間保存すると決めました。一番古いアーカイブを削除して、もう一度実行してください。",
  },
  {
    name: "Korean",
    text: "어젯밤 백업이 왜 끝나지 않았는지 확인해 주세요. 디스크가 가득 찼던 것 같은데 아무도 확인하지 않았습니다. " +
      "화요일에 청구서를 십 년 동안 보관하기로 결정했습니다. 가장 오래된 보관본을 지우고 다시 실행해 주세요.",
  },
  { name: "TypeScript", text: CODE },
  { name: "Python", text: PYTHON },
  { name: "JSON", text: JSON_TEXT },
  { name: "logs", text: LOG },
  { name: "tables", text: TABLE },
  {
    name: "shell",
    text: "$ find /var/log -name '*.gz' -mtime +30 -print0 | xargs -0 -r rm -v -- && df -h | awk 'NR>1 {print $5, $6}' | sort -rn\n" +
      "$ curl -fsS https://example.org/api/v2/items?page=3&per_page=100 -H 'Accept: application/json' -o /tmp/items-3.json",
  },
  {
    name: "identifiers",
    text: "getUserByIdOrThrow XMLHttpRequestEventTarget MAX_RETRY_ATTEMPTS http2SessionGoawayCode snake_case_with_many_parts " +
      "kebab-case-with-many-parts IOException ERR_TLS_CERT_ALTNAME_INVALID node:internal/process/task_queues:105:5",
  },
  { name: "numbers", text: Array.from({ length: 60 }, (_, at) => String((at * 7_919 + 13) ** 2 / (at % 3 === 0 ? 100 : 1))).join(" ") },
  { name: "base64", text: noise(600).toString("base64") },
  { name: "base64url, short lines", text: noise(450).toString("base64url").match(/.{1,60}/g)?.join("\n") ?? "" },
  { name: "hexadecimal", text: noise(400).toString("hex") },
  { name: "random letters", text: [...noise(600)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("") },
  { name: "random capitals", text: [...noise(300)].map((byte) => String.fromCharCode(65 + (byte % 26))).join("") },
  { name: "random printable", text: [...noise(600)].map((byte) => String.fromCharCode(33 + (byte % 94))).join("") },
  { name: "one letter", text: "a".repeat(600) },
  { name: "blanks", text: `${" ".repeat(300)}\n${"\t".repeat(100)}${"\n".repeat(100)}` },
  { name: "rules", text: `${"-".repeat(200)}\n${"=".repeat(200)}\n${"*".repeat(100)}${"#".repeat(50)}${".".repeat(150)}` },
  {
    name: "emoji",
    text: "🎉🚀✅ done 👍🏽 family 👨‍👩‍👧‍👦 flags 🇩🇪🇯🇵🇧🇷 hearts ❤️💙  food 🍣🥨🧁 faces 😀😅🤖🫠 hands 🤝🏿 ☕️".repeat(4),
  },
  {
    name: "symbols",
    text: "─────┬─────┐ │ ∑ xᵢ² ≤ ∞ │ → ⇒ ↔ “quoted” — ‘single’ … • ‣ ° ± × ÷ ≈ ≠ ∀ε>0 ∃δ µs €12.50 £3 ¥900 № ™ ½ ✓ ✗ ░▒▓█ ".repeat(3),
  },
  { name: "rare ideographs", text: "龘靐齉爩鱻麤龗灪籲鸞驫麣纞钃鼊龖厵滟爨癵饢齾龝貜躩玃蠼貛鱷鱺鑿钁鬱" },
  {
    name: "Chinese mixed with code",
    text: "执行 `npm run build` 之后，如果 dist/ 目录为空，请检查 tsconfig.json 中的 outDir 设置；错误码 E_NO_OUTPUT (17) 表示没有输出。",
  },
];
