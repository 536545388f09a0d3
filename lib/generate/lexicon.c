#include "base/util.h"
#include "lexicon.h"

const char *const lexicon_words[LEXICON_LATIN] = {
	[LANG_EN] =
	"a able about above account across activate actually add address "
	"after afternoon again against agent ago airport aisle alarm alarms "
	"all almost along already also although always am amount an and "
	"answer any anyone anything anywhere app appointment april are "
	"around as ask asked asking at attach attached august available "
	"average back bad bag balance bank battery be because been before "
	"behind being below beside best better between big bill billed black "
	"blue book booking boots both bought box bread breakfast broken "
	"build bus but buy by cable call called calling can can't cancel "
	"cancelled cancelling car card change charged charger cheap cheapest "
	"check check-in checked checkout child children city claim close "
	"code coffee colleague color colour column come company compare "
	"computer connect connection contact contract convert correct cost "
	"could couldn't country crash crashes credit customer damaged data "
	"database date dates day days deactivate deadline dear debit "
	"december delay delayed delete deliver delivered delivery deploy did "
	"didn't difference dinner disable discount do doctor document "
	"documents does doesn't doing don't down downgrade download draft "
	"during each early else email empty enable enough error even evening "
	"every everyone everything exactly exchange expensive explain "
	"explained export failed failing fails family february file files "
	"find first five fix fixed fixing flight folder food for forgot "
	"forgotten found four free friday friend from gate get gets getting "
	"give go going good got great green greetings had happened happening "
	"happens has have haven't having he hello help helped helps her here "
	"hi him hint his home hotel hours house how however human i i'd i'm "
	"i've if image import in inside install instead insurance internet "
	"into invoice invoices is isn't issue it it's its jacket january job "
	"july june just keep keeps keyboard know laptop large last late "
	"later left let licence license line lines link list lists loan log "
	"login long look looks lost luggage lunch mail make man manager many "
	"march may maybe me means meant medicine meeting might milk minutes "
	"missing monday money month more morning most move movie movies much "
	"music must my name names near nearby need needed needs never new "
	"next nice night no nobody not nothing now nowhere number october of "
	"off office old on once only open or order ordered orders other our "
	"out outside over package page pages paid pain parcel parking "
	"passport password pay payment people per perhaps person pharmacy "
	"phone photo picture place places plan play playlist please policy "
	"possible price printer problem project put query question quite "
	"rain rate rather really reason reboot receipt receive received red "
	"refresh refund regards region reload remind reminder reminders "
	"remove repair replace replacement reply report reservation reset "
	"restart restaurant return returns revenue right roaming room router "
	"row said salary sales same saturday says school screen seat seats "
	"second see seems seen send sending sent september server set "
	"setting settings share shared she ship shipped shipping shirt shoes "
	"short should show sign since site size slow small so somebody "
	"someone something somewhere song soon sorry stars start station "
	"status still stop stopped street stuck sub subscribe subscription "
	"suitcase summarize sunday table take task tasks tea teacher team "
	"tell ten test tests than thank thanks that the their them then "
	"there there's these they thing things think this those though three "
	"thursday ticket tier till time times to today tomorrow tonight too "
	"total track train transfer translate travel tried trip try trying "
	"tuesday turn turned twice two unable under uninstall unless "
	"unsubscribe until up update upgrade upload us use used user users "
	"using version very video visa wake want wanted wants warranty was "
	"wasn't watch water way ways we weather website wednesday week "
	"weekend were what what's when where whether which while white who "
	"whose why wifi will window with without woman won't work worked "
	"working works worse would write wrong year yesterday yet you your "
	"café cafés fiancé fiancée résumé résumés ",
	[LANG_DE] =
	"ab abbestellen abend abends aber abgebucht acht adresse akku "
	"aktiviere aktivieren alle allen alles als alte am an andere anderen "
	"anderes angekommen ankommen antworte antworten april arbeit arzt "
	"auch auf aufgabe aufgaben aus auto außer bahn bahnhof bank batterie "
	"beenden bei beide bekommen berechne berechnen bereits beschädigt "
	"besprechung besser bestelle bestellen bestellt bestellung betrag "
	"bevor bewerte bezahlen bild bilder bildschirm billig bin bis bist "
	"bitte blau bleiben bleibt brauch brauche brauchen bringe bringen "
	"brot buch buche buchen bus bücher büro chef computer dabei dafür "
	"dagegen damit danke dann daran darauf darf darüber das dass datei "
	"dateien datum davon deaktiviere defekt dem den denn der des deshalb "
	"dezember die dienstag diese diesem diesen dieser dieses doch "
	"donnerstag doppelt dort draußen drei dreimal drinnen drucker durch "
	"eigentlich ein eine einem einen einer einkaufsliste entferne "
	"entfernen er ergänze erhalten erinnere erinnerung erinnerungen "
	"erkläre erklären ersatz ersetze ersetzen erstattung erste ersten "
	"erster es essen etwas euch euer eure fahrkarte fahrt falsch falsche "
	"falschen fasse fast februar fehler fehlt fenster filiale film filme "
	"finde finden firma flug foto frage fragen freitag früh frühstück "
	"funktioniert füge fünf für ganz gar garantie geben gegen gehen geht "
	"geld gepäck gerade gesperrt gestern gestohlen gib gibt ging gleich "
	"groß große grund größe grün gut gute guten guter gutschein habe "
	"haben halb hallo handy hat hatte haus heizung helfen hemd her heute "
	"hier hilf hilfe hin hinter hinzu hole holen hose hundert hätte ich "
	"ihm ihn ihnen ihr ihre ihren im immer in ist jacke jahr januar jede "
	"jeden jeder jedes jemand jetzt juli juni kabel kaffee kalt kam kann "
	"kannst kaputt kaum kein keine keinen kino kleid klein kleine koffer "
	"kollege kommen kommt konto kosten kostet kredit kunde kunden kurz "
	"kurze können könnte könnten küche kündigen kündigung lade ladegerät "
	"laden land lang lange langer langsam laut leer leider lesen letzte "
	"letzten letzter letztes lied liefern lieferung lies link links "
	"lösche löschen mach mache machen mal man manche mehr mein meine "
	"meinem meinen meiner meines mich milch minuten mir mit mittag "
	"mittwoch monat monats montag morgen morgens musik muss märz möchte "
	"müssen nach nachdem nachts name namen neben nehme nehmen netz neue "
	"neuen neuer neues neun nicht nichts nie niemand nimm noch nochmal "
	"november nun nur nächste nächsten nächster nähe nämlich ob oben "
	"obwohl oder ohne oktober ordner paket pass passwort platz preis "
	"projekt prüfe prüfen quittung rabatt rechner rechnung rechnungen "
	"rechts regen regnet reise reparatur reparieren reservieren "
	"restaurant richtig rot ruf rufe rufen sag sagen samstag schalte "
	"schalten schick schicke schicken schlecht schließe schließen "
	"schnell schon schreibe schreiben schuhe schule schwarz sechs sehr "
	"seid seit seite sende senden september setze setzen sich sie sieben "
	"sind sobald solange soll sollen sollte sonntag sperren spiel spiele "
	"stadt starte starten statt stell stelle sterne stiefel stimmt "
	"storniere stornieren storno straße stunden suche suchen summe sätze "
	"sätzen tabelle tag tage tasche tastatur termin teuer text trotz "
	"trotzdem uhr uhrzeit um und uns unser unsere unseren unten unter "
	"verbindung vergessen vergleiche vergleichen verloren versand "
	"verschiebe verschieben versicherung vertrag vertrags viel viele "
	"vielleicht vier viertel vom von vor wandle wann war warte warten "
	"warum was wasser weck wecke wecker weg wegen weil weiter weiß "
	"welche welcher welches wenig wenige wenn wer werden weshalb wetter "
	"wie wieder wiedergabeliste wieso wieviel will willst wir wird "
	"wirklich wo woche wochenende woher wohin wohnung wollen womit "
	"worauf wurde wurden während wäre würde würden zahlen zehn zeig "
	"zeige zeigen zimmer zu zug zum zur zurück zusammen zwei zweimal "
	"zweite zweiten zwischen ändern öffne öffnen öffnet über übersetze "
	"übersetzen überweisen überweisung ",
	[LANG_FR] =
	"a a-t-il abonnement acheter adresse ai aide ainsi ajoutez album "
	"aller alors annuler annulé annulée année ans août appeler appelle "
	"après après-midi arrive arrivé article articles as assurance "
	"attendre attente au aucun aucune aujourd'hui aussi aussitôt autre "
	"autres aux avant avec avez avion avoir avons avril aéroport bagage "
	"bagages bancaire banque bas batterie beaucoup besoin bien bientôt "
	"blanc bleu bloquer bloqué bloquée bon bonjour bonne bruit bureau "
	"c'est c'était café calcule calculer car carte ce ceci cela celle "
	"celui cent ces cet cette ceux chambre changer changez chanson "
	"chaque chargeur chauffage chaussures chemise cher cherche chercher "
	"chez chiffre chose choses chère cinq clavier client code colis "
	"combien commande comme comment compare comparer compte connecter "
	"connexion conseiller contrat contre convertis courses court courte "
	"coûte crédit cuisine câble d'abord d'accord d'un d'une dans date de "
	"dedans dehors demain demande demander demi demie depuis dernier "
	"derniers dernière dernières derrière des deux deuxième devant devis "
	"dimanche dites-moi dix document dois dois-je doit donc donne donner "
	"donnez-moi dont dossier du durant décembre déjeuner déjà déplacez "
	"dîner eau elle elles en encore enfin ensuite entre entreprise "
	"environ envoie envoyer envoyez envoyez-moi erreur est est-ce "
	"est-elle est-il et eu explique expliquer expliquez facture factures "
	"faire fais fait faut ferme fermer fichier film fois fonctionne font "
	"fut février garantie gare grand grande grands gratuit gratuitement "
	"gros grosse haut heure heures hier horaires huit ici il ils image "
	"imprimante internet j'ai jamais janvier je jeudi joue jouer jour "
	"juillet juin juste l'abonnement l'heure l'écran la lait lance "
	"lancer le les leur leurs lien lire lis liste livraison livre "
	"livreur livrez loin long longue lui lundi là là-bas ma machine "
	"magasin mai mais maison mal manque marche mardi mars matin mauvais "
	"mauvaise merci mercredi mes mets mettre midi mieux minuit minute "
	"minutes mise modifier moi moins mois moment mon montant montre-moi "
	"montrez-moi mot musique médecin météo même mêmes n'ai n'est ne neuf "
	"noir noire nom nos note notez notre nous nouveau nouvelle novembre "
	"nuit numéro octobre on ont ordinateur ou oublié oubliée ouvre "
	"ouvrir où page pain pantalon par parce parfois parler partir pas "
	"passe passeport passé payer pays pendant perdre perdu personne "
	"petit petite peu peut peux photo phrases pire plaît pluie plus "
	"plusieurs plutôt points pour pourquoi pourriez-vous pouvez "
	"pouvez-vous premier première prendre prends presque prix problème "
	"produit projet promo près puis puis-je quand quatre que quel quelle "
	"quelles quelqu'un quelque quels qui quoi raison rappel rappelle "
	"rappelle-moi rappels recevoir recharger regarde regarder "
	"remboursement rembourser remplacer rendez-vous repas restaurant "
	"reste retourner reçu rien rouge rue réparation réparer réservation "
	"réserver résilier résume réunion réveil réveille réveille-moi s'il "
	"sa sac sais sait samedi sans sauf savoir se selon semaine sept "
	"septembre sera seraient serait seront ses seul seule seulement si "
	"six soi soir somme son sont sous soute souvent suis suite suivre "
	"supprime supprimer sur sûr tableau taille tant tard tel telle temps "
	"texte toi toujours tous tout toute toutes traduis train transférer "
	"travail trois trop trouve trouver trouvez très tâche tôt un une va "
	"vais valise vendredi venir vers vert veste veux viens vient ville "
	"virement vite voici voilà voir vois voiture vol vos votre voudrais "
	"vouloir vous voyage vraiment vérifie vérifier vérifiez week-end y "
	"y-a-t-il à ça échoue échoué école écran écrire écris étaient étais "
	"était étoiles été être ",
	[LANG_ES] =
	"a abre abren abril abrir activar aeropuerto agosto agua ahora "
	"ahorro ahorros ahí al alarma alarmas algo alguien alguna algunas "
	"alguno algunos allí antes aplicación aquí archivo así aunque avión "
	"ayer ayuda azul añade añadir año baja bajo banco barato bastante "
	"batería bien blanco bloquear bolso borra borrar buena bueno busca "
	"buscar cable cada café calcula calcular calefacción calificar calle "
	"cambiar camisa cancelado cancelar cancelaron canción cantidad "
	"cargador cargar cargo caro carpeta casa casi cena cerca cerrar "
	"chaqueta cien cierra cierto cinco cita ciudad cliente cobrado "
	"cobraron coche cocina comida como compara comparar compra comprar "
	"compré con conexión confirmación contra contraseña contrato "
	"convierte correo corta corto cosa cosas crédito cuales cualquier "
	"cuarto cuatro cuenta cuesta cuál cuáles cuándo cuántas cuánto "
	"cuántos código cómo da dar darse de debajo debe deben debo del "
	"delante demasiada demasiado dentro desayuno descuento desde "
	"despierta despiértame despliegue después detrás devolución devolver "
	"diciembre diez dime dinero dirección disco domingo domingos donde "
	"dos durante débito día días dónde el electrónico ella ellas ellos "
	"empresa en encuentro enero enlace entonces entrar entre entrega "
	"enviar envía envíame envío envíos equipaje era eran eres error es "
	"esa escribe escribir escuela ese eso esos espera esperar esta "
	"estación estar este estos estrellas está explica explicar explícame "
	"factura facturas falla falta favor febrero fecha fin foto fue fuera "
	"fueron funciona garantía gracias gran grande grandes gratis ha "
	"habitación hablar había hace hacen hacer hacia haga hago han hasta "
	"hay he hecho hija hijo hola hora horas hoy imagen impresora incluso "
	"informe iniciar internet ir jamás jueves julio junio junto la larga "
	"largo las le leche lee leer lejos les libro lista llama llamar "
	"llega llegado llegó lluvia lo los luego lunes mal mala maleta malo "
	"manda mandar martes mayo mañana me media medio mejor menos mes mesa "
	"meses mi mientras minutos mira mirar mis misma mismo miércoles "
	"mucha muchas mucho muchos muestra mueve muy muéstrame mándame más "
	"médico música nada nadie necesito negro ni ninguna ninguno ningún "
	"no noche nombre nos nosotros noviembre nuestra nuestro nueva nueve "
	"nuevo nunca número o ocho octubre oficina olvidé ordenador otra "
	"otras otro otros pagar pan pantalla pantalón paquete para parte "
	"pasaporte país pedido pedir película peor pequeña pequeño perder "
	"perdió perdí pero persona personas pocas poco pocos podemos poder "
	"podría pon poner ponle por porque precio pregunta preguntar "
	"presupuesto primer primera primero producción producto proyecto "
	"puede pueden puedo pues página párrafo que queda quedan querer "
	"quien quienes quiero quisiera quita quitar quizás quién qué razón "
	"recibido recibir recibo recordatorio recuerda recuérdame reembolso "
	"reemplazar región reparación reparar reservar restaurante resume "
	"reunión revisa revisar rojo rota roto sabe saber salir se segundo "
	"seguro según seis semana septiembre ser será sería sesión si "
	"siempre siete sigue sin sino sobre socios sola solo somos son soy "
	"su suma sus suscripción suyo sábado sé sí tabla tal talla también "
	"tampoco tan tanta tanto tarde tarea tareas tarjeta te teclado tengo "
	"tiempo tienda tiene tienen toda todas todavía todo todos toma tomar "
	"trabajo traduce transferir tras tren tres tu un una unas unos usted "
	"ustedes va vamos van veces venir ventas ver verdad verde vez viaje "
	"viene viernes vosotros voy vuelo vuestro y ya zapatillas zapatos él "
	"última último últimos ",
	[LANG_PT] =
	"a abre abril abrir acorda acorda-me acorde adiciona adicionar "
	"adicione aeroporto agora agosto ainda ajuda alarme alarmes algo "
	"algum alguma algumas alguns alguém ali almoço alterar amanhã ano "
	"antes ao aos apagar apague aplicativo aquecedor aqui arquivo as "
	"assim assinatura atendente atrás atualização até avião azul aí "
	"bagagem banco barato bastante bateria bloquear boa boleto bolsa bom "
	"branco cabo cada café calcular calcule calça camisa cancelado "
	"cancelar cancelaram cante canção caro carregador carregar carro "
	"cartão casa cem certo chega chegou chuva cidade cinco cliente "
	"cobrado cobraram coisa coisas coloca coloque com comboio comida "
	"como comparar compare compra comprar compras comprei computador "
	"conexão confirmação consertar conserto consigo consulta conta "
	"contra contrato converta cozinha crédito curta curto custa código "
	"da dar das data de demais dentro deploy depois desconto desde deve "
	"devem devo devolução devolver dez dezembro dia dias dinheiro disco "
	"do dois domingo domingos dos duas durante dê e e-mail ela elas ele "
	"eles elétrico em embora empresa encanador encontro endereço "
	"enquanto entrar entre entrega entregam então envie enviem envio era "
	"eram errada errado erro escola escreva escrever escritório espera "
	"esperar esqueci essa esse esta estar estação este estrelas está eu "
	"explicar explique falar falha falhou fatura favor faz fazem fazer "
	"faço fecha fechar feche feito fevereiro fica ficheiro ficou filme "
	"fim fiscal foi fora foram foto frete funciona garantia gostaria "
	"grande grandes grátis havia hoje hora horas há imagem impressora "
	"inglês internet isso isto janeiro jantar jaqueta julho junho junto "
	"já leia leite lembra lembre lembre-me lembrete ler liga ligar "
	"ligação ligue lista livro logo loja longa longe longo maio mais "
	"mala manda mandar manhã marcar março mas mau me meia meio melhor "
	"menos mesa meses mesma mesmo meu meus mim minha minhas minutos "
	"mostra mostrar mostre mude muita muitas muito muitos má médico mês "
	"música na nada nas nem nenhum nenhuma ninguém no noite nome nos "
	"nossa nosso nota nova nove novembro novo num numa nunca não nós "
	"número o obrigada obrigado oi oito olha olá onde ontem orçamento os "
	"ou outra outras outro outros outubro pacote pagar para parte "
	"passada pasta país pedido pedidos pedir pequena pequeno perder "
	"perdi perguntar pergunte perto pessoa pior pode podem podemos poder "
	"poderia pois por porque posso pouca pouco poucos poupança prazo "
	"preciso preta preto primeira primeiro procura procurar procure "
	"produto projeto página pão pôr põe quais qual qualquer quando "
	"quantas quantia quanto quantos quarta quarto quase quatro que "
	"quebrado quem queria quero quinta razão receber recebi receita "
	"recibo recusado reembolso região reservar reserve restaurante "
	"reunião rua sabe saber sair sapatos se segunda segundo seguro sei "
	"seis sem semana sempre senha ser seria será sete setembro seu sexta "
	"si sim sobre soma somos sou sozinho sua substituir sábado são "
	"tabela tal talvez tamanho também tanta tanto tarde tarefa tarefas "
	"te teclado tela tem tempo tenho terça teu texto tirar tire toca "
	"tocar toda todas todos toma tomar trabalho traduza transferir trem "
	"trocar três tua tudo têm tênis um uma umas uns vai vamos veio vem "
	"vendas ver verdade verde verificar verifique vermelho vez vezes "
	"viagem vir você vocês voo vou vão à às água é última último últimos ",
	[LANG_IT] =
	"a abbiamo abbonamento accedere acqua addebitato aereo aeroporto "
	"aggiornamento aggiungere aggiungi agli agosto ai aiuto al alcune "
	"alcuni alcuno all'ordine alla alle allo altra altre altri altro "
	"anche ancora anno annulla annullare anzi appena appuntamento apre "
	"apri aprile aprire arriva arrivato articolo aspetta aspettare "
	"assicurazione attraverso auto avere avete aveva avevo bagagli "
	"bagaglio banca batteria bene benissimo bianco bisogna bisogno "
	"bloccare blu bolletta bonifico borsa breve buona buongiorno buono "
	"c'è caffè calcola calcolare cambia cambiare camera camicia cancella "
	"cancellare cancellato canzone caricabatterie caricare caro carta "
	"cartella casa cattivo cavo cena cento cerca cercare certo che chi "
	"chiama chiamare chiedere chiedo chiudere chiudi ci ciao ciascuno "
	"cibo cinque circa città ciò cliente codice colazione colui come "
	"compito comprare comprate computer con conferma confronta "
	"confrontare connessione consegna conto contratto contro controlla "
	"controllare converti corriere corta corto cosa costa così credito "
	"cucina cui da dal dalla dalle dammi dare data davanti dei del "
	"dell'ordine della delle dello dentro deve devo devono di dicembre "
	"dieci dietro differenza dimenticato dimmi dobbiamo domani domenica "
	"dopo dove due dunque durante e ecco elimina eliminare ella entro "
	"era erano errore essa essere fa faccio fare fattura fatturato "
	"fatture favore febbraio film fino forse fosse foto fra funziona "
	"fuori garanzia gennaio gente giacca giorni giorno giovedì giugno "
	"già giù gli gran grande grandi gratis grazie guarda ha hai hanno ho "
	"i ieri il immagine importo in indirizzo insieme internet invece "
	"invia inviare l'ordine la latte lavoro le leggere leggi lei libro "
	"lista lo lontano loro luglio lui lunedì lunga lungo là ma macchina "
	"maggio mai mail male manca manda mandami mandare mandatemi martedì "
	"marzo mattina medico meglio meno mentre mercoledì mese mettere "
	"metti mezza mezzo mi mia mie miei minuti mio molta molte molti "
	"molto mostra mostrami motivo musica ne neanche negozio nel nella "
	"nello nemmeno nero nessuna nessuno niente noi nome non nostra "
	"nostro notte nove novembre numero o oggi ogni ognuno oltre "
	"operatore oppure ora ordine ore otto ottobre pacco paese pagare "
	"pagina pane pantaloni parcheggio parecchio parlare parte passaporto "
	"peggio per perché perdere perso però piani piccola piccolo pioggia "
	"più pochi poco poi pomeriggio posso potete pranzo prendere prendi "
	"prenota prenotare presto preventivo prima primo prodotto progetto "
	"promemoria proprio puoi pure può qua qual qualche qualcosa qualcuno "
	"quale quali quando quante quanti quanto quasi quattro quella quello "
	"questa questi questo qui quindi recesso regione resta restituire "
	"ricevere ricevo ricevuta ricevuto ricorda ricordami riesco rimborso "
	"riparare riparazione riproduci riscaldamento ristorante riunione "
	"rosso rotta rotto sabato sai salve sapere sarebbe sarà sbagliata "
	"sbagliato scarpe scatola schermo sconto scrivere scrivi scuola se "
	"seconda secondo sei sempre senza sera serve sette settembre "
	"settimana si sia siamo so soldi somma sono sopra sostituire sotto "
	"spedite spedizione spesa spesso spiega spiegami spiegare sposta "
	"stampante stasera stata stati stato stazione stelle stesso strada "
	"su sua subito sul sulla suo suona sveglia svegliami sveglie "
	"svizzera tabella taglia tale tanta tanto tastiera tavolo te tempo "
	"testo ti togli tra traduci trasferire tre treno troppa troppo trova "
	"trovo tua tuo tutta tutte tutti tutto ufficio ultima ultimi ultimo "
	"un un'ora una uno uscire va valigia vedere venerdì venire verde "
	"verso vi viaggio vicino viene vieni voglio voi volere volo volta "
	"volte vorrei vostra vostri vostro vuoi è ",
	[LEXICON_OTHER] =
	"a aan achteraf adaugă adj af afegeix aftale akan ako al alarm "
	"alarme als am amb amet amintește ang annuleren apa apakah ar arată "
	"aseta at att atur av avui ayarla az azi ba bagaimana balík bana "
	"bayar belum ben benim besok bestelling betala betale betalen bheart "
	"bij bir bisa bit ble blijft blir bliver blokkeer bol bu bude bugün "
	"bus buurt byl będzie błędna bị cancel·lar care chci chcę coletul "
	"com comanda contrasenya cu cuaca cum curt czy cá có của da dago dan "
	"danas dari dat de demà den desperta després det deze di die dit "
	"dlaczego do dodaj doen dolor door du dziękuję děkuji edildi een "
	"efter egy ei ek ekki ekle en er estas este etmek ett etter există "
	"factuur faktura feil fel finns fly flyet flytta forkert fost fram "
	"fy för gaat gani gdje gdzie geef geen geweest glemt glömt graag "
	"gusto göster hala haluan han hapus har hari hatırlat hava he heb "
	"heeft hele herinner herinnering herätä heslo het hibás hij hindi "
	"hoe hogyan hol holnap hozzá hujan hun huomenna hur hva hvar hvor "
	"hvordan hàng i időjárás ik ikke iko ima imam ime imorgen in "
	"ingatkan ini inte ipsum iptal ir is istiyorum itu için ja jag jak "
	"jaka jakie jaké jam je jeg jest jesu jsem jsme jullie jutri jutro "
	"jälkeen jääb kaart kabel kada kadar kako kakvo kaldı kan kapan "
	"kartla kartu kata kde kdy ke kell khi khong không kie kiek kiel kje "
	"klopt ko koliko kommit kong konto kontoen kort krátký krótki ku kur "
	"kus kwa kérem kısa laat lang laskussa le les let liian listeme "
	"lisää lorem lozinku lukker lupa lyhyt làm lägg lång lösenord ma "
	"maak maar mae mag mai man mana mano mans massa me med meg met meu "
	"meul meva mga mi mia mij mijn mikor mikä milloin min mina mine minn "
	"minun minut missä mit miten mitt mitä mjölk mleko mo moc moet moj "
	"moja moje moju moją morgen mu mutasd my mám mâine mín mój môj mı "
	"můj můžu na naar nakon nar nasaan nasıl ne nem nemam nerede nereden "
	"ng ni nie niet nire një nog nooit nu nustatyk nào när näytä når o "
	"oblidat och og om on onder onko ons onze ook op opzeggen oras "
	"ostaje otkazan over ovo paczka pada paket pakk pakke pakken pakkie "
	"paquete parola passord pentru per pesanan po podseti podsjeti "
	"pogoda postavi pot počasí prea pridėk prikaži priminimus proszę "
	"prosím proč pärast på påminn påminnelse příliš quarts què regent "
	"regning rodyk rytoj rövid sa saan sam sampai sau saya scurt se "
	"semua set setează si sil sit się ska skal skulle slet sluit soita "
	"som sonra sort spreken spärra ställ stämmer sudah sunt sutra sve "
	"szeretném sää să tambahkan tampilkan te temps terlalu thẻ thế tidak "
	"tiden til tilføj till to toe toi tolong tot treba tänään tôi túl "
	"uit unde untuk unustasin után uw uzmem vad vagy van vandaag vanzelf "
	"var vej vejret verwarming verzet vil vill vinden virhe vis visa "
	"visus voeg voiko voor vreme vremea vull w waar wachtwoord wanneer "
	"wapi was wat weer wekker werkt wil wordt yang yangu yarın yok yra z "
	"za zaboravio zal zaman zašto zbyt zet zij zijn został zou zrušit "
	"zwart zítra är çok ébressz ég és është în ödeme će ću đơn đến į "
	"şarkı şifremi šiandien što želim și "
};

const char *const lexicon_letters[LANG_KO] = {
	[LANG_EN] = "éèçïñ", [LANG_DE] = "äöüßé",
	[LANG_FR] = "àâçéèêëîïôùûüÿœæ", [LANG_ES] = "áéíóúüñ",
	[LANG_PT] = "áâãàçéêíóôõú", [LANG_IT] = "àèéìíîòóùú"
};

const char lexicon_nordic[] = "äöüéáã";

const struct lexicon_clue lexicon_clues[] = {
	{ LANG_EN, "", "ing", 1 }, { LANG_EN, "", "'s", 2 },
	{ LANG_EN, "", "n't", 2 }, { LANG_EN, "", "tion", 1 },
	{ LANG_EN, "", "ness", 1 }, { LANG_EN, "", "ght", 1 },
	{ LANG_EN, "wh", "", 1 }, { LANG_EN, "th", "", 1 },
	{ LANG_EN, "", "ly", 1 }, { LANG_EN, "", "ment", 1 },
	{ LANG_DE, "", "ung", 2 }, { LANG_DE, "", "ungen", 2 },
	{ LANG_DE, "", "keit", 2 }, { LANG_DE, "", "heit", 2 },
	{ LANG_DE, "", "lich", 2 }, { LANG_DE, "", "ieren", 2 },
	{ LANG_DE, "", "iert", 2 }, { LANG_DE, "", "isch", 1 },
	{ LANG_DE, "", "ische", 1 }, { LANG_DE, "", "cht", 1 },
	{ LANG_DE, "sch", "", 1 }, { LANG_DE, "", "tz", 1 },
	{ LANG_DE, "liefer", "", 2 }, { LANG_DE, "rechnungs", "", 2 },
	{ LANG_DE, "kunden", "", 2 }, { LANG_DE, "zahlungs", "", 2 },
	{ LANG_DE, "", "nummer", 2 }, { LANG_DE, "", "schein", 2 },
	{ LANG_DE, "", "platz", 2 }, { LANG_DE, "", "zeit", 2 },
	{ LANG_DE, "", "schaft", 2 }, { LANG_DE, "", "adresse", 1 },
	{ LANG_DE, "zurück", "", 2 }, { LANG_DE, "über", "", 2 },
	{ LANG_ES, "", "ción", 3 }, { LANG_ES, "", "ciones", 2 },
	{ LANG_ES, "¿", "", 4 }, { LANG_ES, "¡", "", 4 },
	{ LANG_ES, "", "ió", 2 }, { LANG_ES, "", "ando", 1 },
	{ LANG_ES, "", "iendo", 2 }, { LANG_ES, "", "dad", 2 },
	{ LANG_ES, "", "ería", 1 }, { LANG_ES, "", "mente", 1 },
	{ LANG_ES, "", "ado", 1 }, { LANG_ES, "", "ar", 1 },
	{ LANG_ES, "", "ué", 1 }, { LANG_ES, "ll", "", 1 },
	{ LANG_PT, "", "ção", 3 }, { LANG_PT, "", "ções", 3 },
	{ LANG_PT, "", "ão", 3 }, { LANG_PT, "", "ões", 3 },
	{ LANG_PT, "", "inho", 2 }, { LANG_PT, "", "inha", 2 },
	{ LANG_PT, "", "agem", 2 }, { LANG_PT, "", "dade", 2 },
	{ LANG_PT, "", "ável", 2 }, { LANG_PT, "", "ência", 2 },
	{ LANG_PT, "", "mente", 1 }, { LANG_PT, "", "ado", 1 },
	{ LANG_PT, "", "ar", 1 }, { LANG_PT, "", "ou", 1 },
	{ LANG_PT, "", "ei", 1 }, { LANG_PT, "", "ivo", 1 },
	{ LANG_IT, "", "zione", 3 }, { LANG_IT, "", "zioni", 3 },
	{ LANG_IT, "", "ità", 2 }, { LANG_IT, "dell'", "", 3 },
	{ LANG_IT, "all'", "", 3 }, { LANG_IT, "nell'", "", 3 },
	{ LANG_IT, "sull'", "", 3 }, { LANG_IT, "l'", "", 2 },
	{ LANG_IT, "un'", "", 2 }, { LANG_IT, "", "ggio", 2 },
	{ LANG_IT, "", "iamo", 2 }, { LANG_IT, "", "mente", 1 },
	{ LANG_IT, "", "ato", 1 }, { LANG_IT, "", "are", 1 },
	{ LANG_IT, "", "ere", 1 }, { LANG_IT, "", "armi", 2 },
	{ LANG_IT, "", "ermi", 2 }, { LANG_IT, "", "irmi", 2 },
	{ LANG_IT, "", "ivo", 1 },
	{ LANG_FR, "l'", "", 2 }, { LANG_FR, "d'", "", 2 },
	{ LANG_FR, "j'", "", 3 }, { LANG_FR, "qu'", "", 3 },
	{ LANG_FR, "n'", "", 2 }, { LANG_FR, "s'", "", 2 },
	{ LANG_FR, "c'", "", 2 }, { LANG_FR, "m'", "", 2 },
	{ LANG_FR, "", "-vous", 3 }, { LANG_FR, "", "-moi", 3 },
	{ LANG_FR, "", "ez", 2 }, { LANG_FR, "", "eaux", 2 },
	{ LANG_FR, "", "ées", 2 }, { LANG_FR, "", "ée", 2 },
	{ LANG_FR, "", "és", 1 }, { LANG_FR, "", "euse", 2 },
	{ LANG_FR, "", "ique", 2 }, { LANG_FR, "", "tion", 1 },
	{ LANG_FR, "", "ment", 1 }, { LANG_FR, "", "oir", 1 },
	{ LANG_DE, "", "ern", 1 }, { LANG_DE, "", "eln", 1 },
	{ LANG_DE, "", "schen", 2 }, { LANG_DE, "", "chen", 1 },
	{ LANG_DE, "ver", "", 1 }, { LANG_DE, "", "weis", 2 },
	{ LANG_FR, "", "eau", 2 }, { LANG_FR, "", "eur", 1 },
	{ LANG_FR, "", "ire", 1 }, { LANG_FR, "", "tre", 1 },
	{ LANG_FR, "", "onner", 2 }, { LANG_FR, "", "eux", 1 },
	{ LANG_ES, "", "ir", 1 }, { LANG_ES, "", "er", 1 },
	{ LANG_ES, "", "ero", 1 }, { LANG_ES, "", "ido", 1 },
	{ LANG_ES, "", "ble", 1 }, { LANG_ES, "", "eza", 1 },
	{ LANG_PT, "", "eira", 2 }, { LANG_PT, "", "eiro", 2 },
	{ LANG_PT, "", "ir", 1 }, { LANG_PT, "", "er", 1 },
	{ LANG_PT, "", "ido", 1 }, { LANG_PT, "", "vel", 1 },
	{ LANG_PT, "", "ês", 2 }, { LANG_PT, "", "eza", 1 },
	{ LANG_IT, "", "ire", 1 }, { LANG_IT, "", "ito", 1 },
	{ LANG_IT, "", "uto", 1 }, { LANG_IT, "", "bile", 2 },
	{ LANG_IT, "", "ezza", 2 }, { LANG_IT, "", "tto", 1 },
	{ LANG_IT, "gli", "", 1 }, { LANG_EN, "", "ble", 1 },
	{ LANG_EN, "", "ed", 1 }, { LANG_EN, "", "sh", 1 },
	{ LANG_EN, "", "ck", 1 }, { LANG_EN, "", "ful", 1 },
	{ LEXICON_OTHER, "", "ij", 2 }, { LEXICON_OTHER, "", "ijk", 3 },
	{ LEXICON_OTHER, "", "oek", 2 }, { LEXICON_OTHER, "", "ssa", 2 },
	{ LEXICON_OTHER, "", "lla", 1 }, { LEXICON_OTHER, "", "ului", 3 },
	{ LEXICON_OTHER, "", "ul", 1 }, { LEXICON_OTHER, "", "ler", 1 },
	{ LEXICON_OTHER, "", "lar", 1 }, { LEXICON_OTHER, "sz", "", 2 },
	{ LEXICON_OTHER, "cz", "", 2 }, { LEXICON_OTHER, "ng", "", 2 },
	{ LEXICON_OTHER, "", "kk", 1 }, { LEXICON_OTHER, "kj", "", 2 },
	{ LEXICON_OTHER, "bj", "", 2 }, { LEXICON_OTHER, "", "rz", 2 },
	{ LEXICON_OTHER, "prz", "", 2 }, { LEXICON_OTHER, "", "'m", 3 }
};
const size_t lexicon_nclues = LEN(lexicon_clues);

const struct lexicon_script lexicon_scripts[] = {
	{ LANG_RU, "іїєґўјљњћђџѓќѕәғқңөұүһ",
	    "и в не на я что с как где мой моя мое моё мне это по у к за из от "
	    "до для есть ли нет вы мы он она они когда почему можно могу хочу "
	    "нужно надо здравствуйте спасибо пожалуйста заказ",
	    "де чи як що це мій моє мені та є про був була робити забув після "
	    "замовлення занадто дуже хто коли чому який яка треба дякую къде "
	    "кой какво кога защо няма може моля е ми си се съм да след има "
	    "каква искам моят моята каде мојата што дзе мая гэта сам миний "
	    "хаана байна вэ" },
	{ LANG_AR, "پچژگکیٹڈڑںےہھۆێڵڕەڤ", "", "" },
	{ LANG_HI, "ळऴ",
	    "है हैं मेरा मेरी मेरे मुझे क्या कैसे कहाँ कहां नहीं का की "
	    "के में से को हूँ हूं "
	    "करें चाहिए कर और यह वह था थी गया गई हो",
	    "आहे आहेत माझी माझे माझा मला आणि काय कुठे कसे कशी नाही "
	    "झाले झाली हवा हवी छ "
	    "छैन मेरो भयो लाई गर्न गर्नुहोस् कसरी कस्तो म हुन्छ थियो" },
};
const size_t lexicon_nscripts = LEN(lexicon_scripts);

const char lexicon_japanese[] =
	"発収払戻変続検処済経対応図売読駅広込届円関価仮伝単囲圏塩増悪戦拡択拠掲揺摂"
	"桜楽様歯毎県総薬訳証覚観触継緑縁縦聴脳臓舗穏粛絵満滝焼帰辺両実気黒";
