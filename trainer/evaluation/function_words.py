"""Words that say nothing and hold sentences together, by language: how often somebody uses them is a habit."""

# ruff: noqa: RUF001  words of other scripts

_WORDS = {
    "en": """
        a an the and or but so if because as of in on at to for from with by about into i you he she it we they
        me him her us them my your his its our their this that these those is are was were be been am have has
        had do does did will would can could should may might must not no there here just also very really then
        than when what which who how all any some more now still only
    """,
    "de": """
        der die das den dem des ein eine einen einem einer und oder aber doch denn weil wenn dass ob als wie in
        im an am auf aus bei mit nach von vom zu zum zur für über um ich du er sie es wir ihr mich dich sich uns
        euch mir dir ihnen mein dein sein unser ist sind war waren bin hat habe haben hatte wird werden würde
        kann können soll noch schon auch nur sehr so mal ja nicht kein keine hier da dann jetzt was wer
    """,
    "fr": """
        le la les un une des du de au aux et ou mais donc car que qui quoi si comme en dans sur sous à par pour
        avec sans chez je tu il elle on nous vous ils elles me te se lui leur mon ma mes ton ta tes son sa ses
        notre votre ce cet cette ces est sont était suis ai a avons avez ont sera serait peut pas ne plus très
        bien aussi encore y
    """,
    "es": """
        el la los las un una unos unas de del al y o pero que si como en por para con sin sobre yo tú él ella
        nosotros me te se lo le les nos mi tu su mis tus sus este esta esto ese esa es son era fue está están he
        ha han hay ser estar no sí muy más ya también solo cuando donde porque todo
    """,
    "it": """
        il lo la i gli le un uno una di del della dei delle a al alla da dal in nel nella con su sul per tra e o
        ma che chi se come anche io tu lui lei noi voi mi ti si ci vi ne mio tuo suo nostro questo questa quello
        è sono era ho hai ha abbiamo hanno essere non più molto già ancora solo quando dove perché
    """,
    "nl": """
        de het een en of maar want dus dat die dit deze in op aan bij met van voor naar uit om over tot te ik je
        jij u hij zij ze we wij jullie me mij hem haar ons mijn jouw uw zijn is was waren ben bent heb hebt
        heeft hebben had zal zou kan kunnen moet niet geen nog al ook wel er hier daar dan nu als wat wie heel
    """,
    "pt": """
        o a os as um uma uns umas de do da dos das em no na nos nas por pelo pela para com sem e ou mas que se
        como eu tu ele ela nós você vocês me te lhe meu minha seu sua este esta isto esse essa é são era foi
        está estão tenho tem ter ser não sim muito mais já também só quando onde porque tudo
    """,
    "pl": """
        i w z na do o po za od dla przez przy ale lub albo że czy jak gdy jeśli bo to ten ta te tego tej się ja
        ty on ona my wy mi ci mnie ciebie jest są był była było być mam ma nie tak już jeszcze też tylko bardzo
        co kto który
    """,
    "sv": """
        en ett den det de och eller men så att om som i på av för med till från vid jag du han hon vi ni mig dig
        oss min din sin vår är var har hade ska skulle kan inte ingen också bara mycket här där då nu när vad
    """,
    "da": """
        en et den det de og eller men så at om som i på af for med til fra ved jeg du han hun vi mig dig os min
        din sin vores er var har havde skal skulle kan ikke ingen også kun meget her der da nu når hvad
    """,
    "no": """
        en et den det de og eller men så at om som i på av for med til fra ved jeg du han hun vi meg deg oss min
        din sin vår er var har hadde skal skulle kan ikke ingen også bare veldig her der da nå når hva
    """,
    "fi": """
        ja tai mutta että jos kun kuin niin on oli olen olet ovat olla ei en et eivät minä sinä hän me te he
        minun sinun se tämä tuo ne mitä joka jotka myös vain vielä jo nyt sitten hyvin kanssa
    """,
    "cs": """
        a i v ve na s se z ze do o po za od pro při ale nebo že jak když jestli to ten ta je jsou byl byla být
        jsem máme má mám ne ano už ještě také jen velmi co kdo který já ty on my vy mi ti
    """,
    "hu": """
        a az egy és vagy de hogy ha mint is nem igen csak már még nagyon van volt lesz én te ő mi ti ez ezt ami
        aki meg el ki be fel itt ott most majd kell lehet
    """,
    "ro": """
        un o al a ai ale și sau dar că dacă ca cum în pe la de din cu pentru prin eu tu el ea noi voi îmi îți se
        mă este sunt era am are avem nu da mai foarte doar când unde ce care acest această
    """,
    "ru": """
        и в во на с со к по за из от для о об у но а или что чтобы если как когда это этот эта я ты он она мы вы
        они мне тебе вам нам мой ваш наш был была было быть есть не нет да уже еще ещё тоже только очень бы же
    """,
    "uk": """
        і й та в у на з із до по за від для про але або що щоб якщо як коли це цей ця я ти він вона ми ви вони
        мені вам нам мій ваш наш був була було бути є не ні так вже ще теж тільки дуже би же
    """,
    "tr": """
        ve veya ama fakat ki ile için gibi kadar de da bu şu o bir ben sen biz siz onlar bana sana bize size
        benim var yok değil çok daha en mi mı ne nasıl sonra önce şimdi olarak olan
    """,
    "el": """
        ο η το οι τα του της των τον την ένα μια και ή αλλά ότι πως αν να θα με σε στο στη στην στον από για εγώ
        εσύ μου σου μας σας είναι ήταν έχω έχει δεν μην πολύ ακόμα μόνο όταν που
    """,
    "he": """
        של את על עם אל לא כן גם או אבל כי אם זה זאת אני אתה הוא היא אנחנו הם לי לך לנו יש אין היה רק עוד כבר
        מאוד
    """,
    "ar": """
        في من على إلى عن مع و أو لكن أن إن إذا هذا هذه ذلك أنا أنت هو هي نحن هم لي لك لنا كان لا ما لم قد كل جدا
        فقط
    """,
}
"""By ISO 639-1 code; for other languages they are not counted."""

FUNCTION_WORDS = {language: frozenset(words.casefold().split()) for language, words in _WORDS.items()}
