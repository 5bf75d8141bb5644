use super::*;

const MODEL: [u8; 32] = [7; 32];
const DIMS: usize = 24;

/// A made-up vector, the same for the same seed.
fn vector(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 2_001) as f32 / 1_000.0 - 1.0
    };
    let values: Vec<f32> = (0..DIMS).map(|_| next()).collect();
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    values.into_iter().map(|value| value / length).collect()
}

fn entry(message: i64, piece: u16, seed: u64) -> Entry {
    Entry { message: MessageId(message), piece, vector: vector(seed) }
}

struct Home {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn home() -> Home {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("vectors");
    Home { _dir: dir, path }
}

fn open(home: &Home) -> Vectors {
    Vectors::open(&home.path, MODEL, DIMS).expect("vectors open")
}

fn ids(scan: &Scan) -> Vec<i64> {
    scan.nearest.iter().map(|near| near.message.0).collect()
}

#[test]
fn the_nearest_piece_of_a_message_speaks_for_it() {
    let home = home();
    let mut vectors = open(&home);
    let entries = [entry(1, 0, 10), entry(1, 1, 11), entry(2, 0, 20), entry(3, 0, 30)];
    vectors.append(&entries).expect("append");
    let scan = vectors.nearest(&vector(11), 2, &|_| true, &HashSet::new()).expect("scan");
    assert_eq!(scan.nearest.len(), 2);
    assert_eq!(scan.nearest[0].message, MessageId(1));
    assert_eq!(scan.nearest[0].piece, 1);
    assert!((scan.nearest[0].cosine - 1.0).abs() < 0.01, "{}", scan.nearest[0].cosine);
    assert_eq!(scan.pieces_count, 4);
}

#[test]
fn signed_bytes_keep_the_cosine() {
    let home = home();
    let mut vectors = open(&home);
    let entries: Vec<Entry> = (0..200).map(|seed| entry(seed, 0, seed as u64 + 1)).collect();
    vectors.append(&entries).expect("append");
    let question = vector(9_999);
    let scan = vectors.nearest(&question, 200, &|_| true, &HashSet::new()).expect("scan");
    assert_eq!(scan.nearest.len(), 200);
    for near in &scan.nearest {
        let exact: f32 = vector(near.message.0 as u64 + 1)
            .iter()
            .zip(&question)
            .map(|(one, other)| one * other)
            .sum();
        assert!((near.cosine - exact).abs() < 0.015, "{} for {exact}", near.cosine);
    }
    let mean = scan.nearest.iter().map(|near| near.cosine).sum::<f32>() / 200.0;
    assert!((scan.mean - mean).abs() < 1e-4 && scan.deviation > 0.0);
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let home = home();
    open(&home).append(&[entry(5, 0, 1), entry(5, 1, 2)]).expect("append");
    let empty = Entry { message: MessageId(6), piece: 0, vector: Vec::new() };
    open(&home).append(&[empty]).expect("append");
    let vectors = open(&home);
    assert_eq!(vectors.pieces_count(), 2);
    assert_eq!(vectors.covered(), HashSet::from([MessageId(5), MessageId(6)]));
    assert_eq!(
        ids(&vectors.nearest(&vector(2), 9, &|_| true, &HashSet::new()).expect("scan")),
        [5]
    );
}

#[test]
fn a_torn_tail_is_cut_and_written_over() {
    let home = home();
    open(&home).append(&[entry(1, 0, 1), entry(2, 0, 2)]).expect("append");
    let whole = std::fs::metadata(&home.path).expect("file").len();
    for torn in [1, RECORD_HEAD_BYTES + DIMS - 1, 5_000] {
        let mut file = OpenOptions::new().append(true).open(&home.path).expect("file");
        file.write_all(&vec![0xAB; torn]).expect("write");
        let mut vectors = open(&home);
        assert_eq!(vectors.pieces_count(), 2, "{torn}");
        vectors.append(&[entry(3, 0, 3)]).expect("append");
        assert_eq!(
            ids(&open(&home).nearest(&vector(3), 1, &|_| true, &HashSet::new()).expect("scan")),
            [3]
        );
        vectors.withdraw(&HashSet::from([MessageId(3)])).expect("withdraw");
        vectors.compact().expect("compact");
        assert_eq!(std::fs::metadata(&home.path).expect("file").len(), whole);
    }
}

#[test]
fn a_file_cut_short_keeps_its_whole_records() {
    let home = home();
    open(&home).append(&[entry(1, 0, 1), entry(2, 0, 2)]).expect("append");
    let length = std::fs::metadata(&home.path).expect("file").len();
    OpenOptions::new()
        .write(true)
        .open(&home.path)
        .and_then(|file| file.set_len(length - 3))
        .expect("cut");
    assert_eq!(open(&home).covered(), HashSet::from([MessageId(1)]));
}

#[test]
fn a_torn_header_falls_back_to_the_slot_before() {
    let home = home();
    let mut vectors = open(&home);
    vectors.append(&[entry(1, 0, 1)]).expect("append");
    vectors.append(&[entry(2, 0, 2)]).expect("append");
    let newest = SLOTS[(vectors.sequence % 2) as usize];
    let mut file = OpenOptions::new().write(true).open(&home.path).expect("file");
    file.seek(SeekFrom::Start(newest as u64 + 18)).expect("seek");
    file.write_all(&[0xFF]).expect("write");
    assert_eq!(open(&home).covered(), HashSet::from([MessageId(1)]));
    file.seek(SeekFrom::Start(SLOTS[0] as u64)).expect("seek");
    file.write_all(&[0; 1_024]).expect("write");
    assert!(Vectors::open(&home.path, MODEL, DIMS).is_err_and(|error| error.needs_rebuild()));
}

#[test]
fn another_model_or_length_is_refused() {
    let home = home();
    open(&home).append(&[entry(1, 0, 1)]).expect("append");
    for (model, dims) in [([8; 32], DIMS), (MODEL, DIMS + 1)] {
        let refused = Vectors::open(&home.path, model, dims);
        assert!(matches!(refused, Err(Error::OtherModel { .. })));
    }
    std::fs::write(&home.path, vec![1; 10_000]).expect("write");
    assert!(Vectors::open(&home.path, MODEL, DIMS).is_err_and(|error| error.needs_rebuild()));
}

#[test]
fn a_file_that_was_never_finished_starts_anew() {
    let home = home();
    std::fs::write(&home.path, b"PRVEC").expect("write");
    assert_eq!(open(&home).pieces_count(), 0);
}

#[test]
fn withdrawn_messages_are_not_found_and_go_when_compacted() {
    let home = home();
    let mut vectors = open(&home);
    let entries: Vec<Entry> = (1..=4).map(|id| entry(id, 0, id as u64)).collect();
    vectors.append(&entries).expect("append");
    vectors.withdraw(&HashSet::from([MessageId(2), MessageId(9)])).expect("withdraw");
    assert_eq!(
        vectors.nearest(&vector(2), 9, &|_| true, &HashSet::new()).expect("scan").nearest.len(),
        3
    );
    assert!((vectors.waste() - 0.25).abs() < 1e-6);
    vectors.compact().expect("compact");
    assert!(vectors.waste() < 1e-6);
    vectors.append(&[entry(2, 0, 2)]).expect("append");
    assert_eq!(
        ids(&open(&home).nearest(&vector(2), 1, &|_| true, &HashSet::new()).expect("scan")),
        [2]
    );
}

#[test]
fn only_wanted_messages_are_found() {
    let home = home();
    let mut vectors = open(&home);
    let entries: Vec<Entry> = (1..=9).map(|id| entry(id, 0, id as u64)).collect();
    vectors.append(&entries).expect("append");
    let scan = vectors.nearest(&vector(3), 9, &|id| id.0 % 2 == 0, &HashSet::new()).expect("scan");
    assert!(scan.nearest.len() == 4 && ids(&scan).iter().all(|id| id % 2 == 0));
    let wanted = HashSet::from([MessageId(3), MessageId(77)]);
    let scan = vectors.nearest(&vector(3), 0, &|_| false, &wanted).expect("scan");
    assert!(scan.nearest.is_empty());
    assert_eq!(scan.asked.keys().collect::<Vec<_>>(), [&MessageId(3)]);
}

#[test]
fn bad_vectors_are_refused_and_nothing_is_written() {
    let home = home();
    let mut vectors = open(&home);
    for bad in [vec![0.5; DIMS - 1], vec![f32::NAN; DIMS], vec![0.0; DIMS]] {
        let bad = Entry { message: MessageId(2), piece: 0, vector: bad };
        assert!(matches!(
            vectors.append(&[entry(1, 0, 1), bad]),
            Err(Error::BadVector { message: 2, .. })
        ));
    }
    assert_eq!(vectors.pieces_count(), 0);
    assert!(vectors.nearest(&[1.0], 1, &|_| true, &HashSet::new()).is_err());
}

#[test]
fn how_many_messages_are_done_is_known_without_a_look_at_each() {
    let home = home();
    let mut vectors = open(&home);
    vectors.append(&[entry(1, 0, 1), entry(1, 1, 2), entry(2, 0, 3)]).expect("append");
    vectors.append(&[entry(3, 0, 4)]).expect("append");
    assert_eq!((vectors.messages_count(), open(&home).messages_count()), (3, 3));
    vectors.withdraw(&HashSet::from([MessageId(1)])).expect("withdraw");
    assert_eq!((vectors.messages_count(), open(&home).messages_count()), (2, 2));
    vectors.compact().expect("compact");
    assert_eq!((vectors.messages_count(), open(&home).messages_count()), (2, 2));
}

#[test]
fn a_file_of_the_format_before_is_taken_over() {
    let home = home();
    open(&home).append(&[entry(1, 0, 1), entry(1, 1, 2), entry(2, 0, 3)]).expect("append");
    // As the format before wrote it: no messages in the slots, the checksum behind 24 bytes.
    let mut bytes = std::fs::read(&home.path).expect("read");
    bytes[8..12].copy_from_slice(&1_u32.to_le_bytes());
    for slot in SLOTS {
        let sum = checksum(&bytes[slot..slot + 24]);
        bytes[slot + 24..slot + 32].copy_from_slice(&sum.to_le_bytes());
        bytes[slot + 32..slot + 40].fill(0);
    }
    std::fs::write(&home.path, bytes).expect("write");
    for _ in 0..2 {
        let vectors = open(&home);
        assert_eq!((vectors.messages_count(), vectors.pieces_count()), (2, 3));
        let scan = vectors.nearest(&vector(3), 1, &|_| true, &HashSet::new()).expect("scan");
        assert_eq!(ids(&scan), [2]);
    }
}

#[test]
fn of_many_messages_the_nearest_are_kept() {
    let home = home();
    let mut vectors = open(&home);
    let entries: Vec<Entry> = (0..3_000).map(|id| entry(id, 0, id as u64 + 1)).collect();
    vectors.append(&entries).expect("append");
    let question = vector(77_777);
    let all = vectors.nearest(&question, 3_000, &|_| true, &HashSet::new()).expect("scan");
    assert_eq!(all.nearest.len(), 3_000);
    let asked = HashSet::from([MessageId(5), MessageId(2_999)]);
    let odd = |id: MessageId| id.0 % 2 == 1;
    let some = vectors.nearest(&question, 10, &odd, &asked).expect("scan");
    let expected: Vec<Near> =
        all.nearest.iter().filter(|near| odd(near.message)).take(10).copied().collect();
    assert_eq!(some.nearest, expected);
    assert_eq!(some.asked.keys().map(|id| id.0).collect::<Vec<_>>(), [5, 2_999]);
}
