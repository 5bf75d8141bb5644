use std::fmt::Write as _;

use super::*;

#[track_caller]
fn check(html: &str, expected: &str) {
    for html in [html.to_owned(), html.replace('\n', "\r\n")] {
        assert_eq!(visible_text(&html).text, expected, "{html}");
    }
}

/// Hidden words go, and are counted; words beside them stay.
#[track_caller]
fn check_hidden(html: &str) {
    let seen = visible_text(html);
    assert!(!seen.text.contains("EVIL"), "{html}\n{}", seen.text);
    assert!(seen.hidden_chars >= 4, "{html}");
    assert!(seen.text.contains("seen"), "{html}\n{}", seen.text);
}

#[track_caller]
fn check_seen(html: &str) {
    let seen = visible_text(html);
    assert!(seen.text.contains("seen"), "{html}\n{}", seen.text);
    assert_eq!(seen.hidden_chars, 0, "{html}");
}

#[test]
fn blocks_make_lines() {
    check("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree");
    check("<div>one</div><div>two</div>three", "one\ntwo\nthree");
    check("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo");
    check("<h1>Title</h1>text<hr>more", "Title\n\ntext\n\nmore");
    check("a <b>b</b>\n  <i>c</i>d", "a b cd");
    check("<p class=MsoNormal>one</p><p class=MsoNormal>two</p>", "one\ntwo");
    check("one<span style='display:block'>two</span>three", "one\ntwo\nthree");
    check("", "");
    check("plain text", "plain text");
}

#[test]
fn lists_have_marks() {
    check("<ul><li>a<li>b</ul>c", "- a\n- b\n\nc");
    check("<ol start=3><li>a</li><li value=7>b</li><li>c</li></ol>", "3. a\n7. b\n8. c");
    check("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c");
    check("<ul style='list-style:none'><li>a</li><li>b</li></ul>", "a\nb");
    check("<ul><li> </li><li>b</li></ul>", "- b");
}

#[test]
fn tables_are_rows_of_cells() {
    check("<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>e", "a  b\nc  d\ne");
    check("<table><tr><td> </td><td>\n<table><tr><td>x</td></tr></table></td></tr></table>", "x");
    check("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb");
    check("a<td>b</td>c", "abc");
}

#[test]
fn quotations_are_marked() {
    check(
        "<div>Yes.</div><div class='gmail_quote'>On Monday Ada wrote:<br><blockquote \
         class='gmail_quote' style='border-left:1px solid #ccc'><div>When?</div><blockquote \
         type=cite>Soon<br>or late</blockquote></blockquote></div>",
        "Yes.\nOn Monday Ada wrote:\n> When?\n> > Soon\n> > or late",
    );
    check("a<blockquote>b<p>c</p></blockquote>d", "a\n> b\n>\n> c\n\nd");
    // Composers indent with it, too.
    check("a<blockquote style='margin:0 0 0 40px;border:none'>b</blockquote>", "a\nb");
    check(
        "<div>Yes.</div><div id=divRplyFwdMsg><b>From:</b> Ada<br><b>Sent:</b> Monday</div>",
        "Yes.\nFrom: Ada\nSent: Monday",
    );
}

#[test]
fn preformatted_text_keeps_its_lines() {
    check("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd");
    check("<div style='white-space:pre-line'>a   b\nc</div>", "a b\nc");
    check("Ada<br><span>-- </span><br>Ada L", "Ada\n-- \nAda L");
}

#[test]
fn pictures_are_named_when_they_have_words() {
    check("<img src=a alt='Our shop'>", "[image: Our shop]");
    check("a<img src=x width=1 height=1 alt='track'>b<img alt=''><img alt='***'>", "ab");
    check("<img alt='😀'>", "😀");
    check("<div style='display:none'><img alt='Our shop'></div>", "");
    check("<div style='font-size:0'><img alt='Our shop'></div>", "[image: Our shop]");
}

#[test]
fn entities_are_read_and_filtered() {
    check("a&nbsp;&amp;&nbsp;b &lt;c&gt; &euro;&#8364;", "a & b <c> €€");
    // F12: escapes, C1, overrides and tags written as entities.
    let seen = visible_text("x&#27;[31m&#x9b;y&#8238;z&#xE0041;&#xe007f;&#8203;");
    assert_eq!(seen.text, "x[31m›yz");
    assert_eq!(seen.hidden_chars, 4);
    let clean = |c: char| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    for code in (0..0x300).chain(0x2000..0x2100).chain(0xe0000..0xe0100) {
        let seen = visible_text(&format!("a&#{code};b"));
        assert!(seen.text.chars().all(clean), "{code:#x}");
    }
}

#[test]
fn a_joiner_written_as_an_entity_still_joins() {
    check("👩&#8205;💻 می&zwnj;خواهم a&zwnj;b", "👩\u{200d}💻 می\u{200c}خواهم ab");
}

#[test]
fn no_text_in_scripts_comments_and_heads() {
    check("<head><title>T</title><style>p{}</style></head><body>a", "a");
    check("a<!-- b --><script>c</script><template>d<b>e</b></template><!DOCTYPE x>f", "af");
    check("a<noscript>b</noscript>c<iframe>d</iframe>", "abc");
    check("a<!--[if mso]><p>b</p><![endif]--><![if !mso]>c<![endif]>", "ac");
    check("a<script>'</scr'+'ipt>'", "a");
    check("a<template>b</template>c<template>d", "ac");
}

const HIDING: [&str; 21] = [
    "display:none",
    "visibility:hidden",
    "opacity:0",
    "opacity:0.01",
    "font-size:0",
    "font-size:1px",
    "color:#ffffff",
    "color:white",
    "color:rgb(254,254,254)",
    "color:#fff;background-color:#fefefe",
    "max-height:0;overflow:hidden",
    "height:0;overflow:hidden",
    "width:0;overflow:hidden",
    "position:absolute;left:-9999px",
    "position:absolute;top:-10000px",
    "text-indent:-9999px",
    "position:absolute;clip:rect(0 0 0 0)",
    "clip-path:inset(100%)",
    "transform:scale(0)",
    "color:transparent",
    "display:none!important;display:block",
];

#[test]
fn the_known_ways_of_hiding_hide() {
    for style in HIDING {
        for tag in ["div", "span", "p", "td", "font", "a href=x"] {
            let end = tag.split(' ').next().unwrap_or(tag);
            let element = format!("<{tag} style='{style}'>EVIL</{end}>");
            let element =
                if end == "td" { format!("<table><tr>{element}</table>") } else { element };
            check_hidden(&format!("seen {element} seen"));
            check_hidden(&format!("seen <div>{element}</div> seen"));
            check_hidden(&format!("seen {} seen", element.replace("EVIL", "<b><i>EVIL</i></b>")));
        }
    }
}

#[test]
fn they_hide_from_style_blocks_too() {
    for style in HIDING {
        check_hidden(&format!("<style>.h {{ {style} }}</style>seen <p class='a h'>EVIL</p>"));
        check_hidden(&format!("seen <p id=h>EVIL</p><style>#h{{{style}}}</style>"));
        check_hidden(&format!("<style>div.w p{{{style}}}</style>seen<div class=w><p>EVIL</div>"));
    }
}

#[test]
fn old_attributes_hide() {
    check_hidden("seen <div hidden>EVIL</div>");
    check_hidden("seen <font color=white>EVIL</font>");
    check_hidden("seen <font color='#FEFEFE'>EVIL</font>");
    check_hidden("<table bgcolor=#336699><tr><td>seen <font color=346799>EVIL</font></table>");
    check_hidden("<body bgcolor=black text=#eee>seen <span style='color:#111'>EVIL</span>");
    check_hidden("<p style='background:#222;color:#ddd'>seen <b style='color:#222'>EVIL</b></p>");
}

#[test]
fn tricks_with_tags_hide_nothing_from_us() {
    // Formatting goes on after the block that closed over it.
    check_hidden("seen <p><font color=white>x</p><p>EVIL</p></font>");
    check_hidden("seen <div><font color=white></div>EVIL</font>");
    // A style beyond any sensible depth.
    let deep = "<div>".repeat(600);
    check_hidden(&format!("seen {deep}<div style='display:none'>EVIL</div>seen"));
    check_hidden("seen <div style='display:none'><table><tr><td>EVIL</td></tr></table></div>");
    check_hidden("<style media=screen>.x{display:none}</style>seen<p class=x>EVIL");
    check_hidden("<style>@media all{.x{display:none}}</style>seen<p class=X>EVIL");
    check_hidden(
        "<style>.x{display:none!important}</style>seen<p class=x style='display:block'>EVIL",
    );
    check_hidden("seen <div style='color:#fff'><a href=x style='color:inherit'>EVIL</a></div>");
    check_hidden(
        "<div style='visibility:hidden'>EVIL <b style='visibility:visible'>seen</b></div>",
    );
}

#[test]
fn what_a_person_sees_stays() {
    check_seen("<div aria-hidden=true>seen</div>");
    check_seen("<div style='background:#369;color:#fff'>seen</div>");
    check_seen("<table bgcolor=#336699><tr><td><font color=white>seen</font></table>");
    check_seen("<div style='background-image:url(a.png);color:white'>seen</div>");
    check_seen("<div background=a.png><font color=white>seen</font></div>");
    check_seen("<div style='font-size:0'><span style='font-size:14px'>seen</span></div>");
    check_seen("<p style='display:none'><p>seen");
    check_seen("<p style='display:none'></p><div>seen</div>");
    check_seen("<ul><li style='display:none'><li>seen</ul>");
    check_seen("<table><tr><td hidden><td>seen</table>");
    check_seen("<table><tr><div style='display:none'><td>seen</table>");
    check_seen("<font color=white></font>seen");
    check_seen("<div><font color=white></font></div>seen");
    check_seen("<table><tr><td><font color=white></td><td>seen</table>");
    check_seen("<table style='display:none'>seen</table>");
    check_seen("<style>@media print{.x{display:none}}</style><p class=x>seen");
    check_seen("<style>.x{display:none}.x{display:block}</style><p class=x>seen");
    check_seen("<style>@media (max-width:600px){.x{display:none}}</style><p class=x>seen");
    check_seen("<!-- <style>p{display:none}</style> --><p>seen");
    check_seen("<p style='color:#999'>seen</p>");
    check_seen("<div style='max-height:0'>seen</div>");
    check_seen("<span style='display:none'/></span>seen");
    check_seen("<div style='color:white'><a href=x>seen</a></div>");
    check_seen("<style>a:hover{display:none}</style><a href=x>seen</a>");
    check_seen("<svg><path style='display:none'/></svg>seen");
    check_seen("<body style='background:#fff'><html>seen");
}

#[test]
fn links_are_listed_as_shown() {
    let found = links(
        "<a href=' https://example.org/a '>One <b>two</b></a> <a name=x>no</a> \
         <a href=b style='display:none'>three</a><a href=c>x<a href=d>y</a>z",
    );
    let found: Vec<_> = found.iter().map(|link| (&*link.text, &*link.href)).collect();
    assert_eq!(found, [("One two", "https://example.org/a"), ("", "b"), ("x", "c"), ("y", "d")]);
    let found = bare_links("see https://example.org/a, (www.example.org/b). not this: http://");
    let found: Vec<_> = found.iter().map(|link| &*link.href).collect();
    assert_eq!(found, ["https://example.org/a", "www.example.org/b"]);
}

/// Each of these takes quadratic time in some HTML reader. A debug build is ten to thirty times
/// slower than what ships, so it gets a tenth of the size unless it is timed.
#[test]
fn bombs_take_linear_time() {
    let is_timed = std::env::var_os("POSTROOM_TIMES").is_some();
    let size = if cfg!(debug_assertions) && !is_timed { 100_000 } else { 1_000_000 };
    let many = |text: &str, count: usize| text.repeat(count);
    let (mut names, mut rules) = (String::new(), String::new());
    for i in 0..size / 4 {
        write!(names, "a{i} ").unwrap();
    }
    for i in 0..2_000 {
        write!(rules, ".z{i} .a{{color:red}}").unwrap();
    }
    let bombs = [
        ("divs", many("<div>", size)),
        ("paragraphs", many("<p>", size)),
        ("bold", many("<b>x", size / 2)),
        ("wrong ends", many("<div>", size / 2) + &many("</span>", size / 2)),
        ("unknown ends", format!("<x>{}{}", many("<span>", 600), many("</x>", size))),
        ("paragraph ends", format!("<p>{}{}", many("<i>", 500), many("</p>", size))),
        ("nested tables", many("<table><tr><td>", size / 5)),
        ("reopened fonts", many("<p><font color=red></p>", size / 10)),
        ("attributes", format!("<a {names}>")),
        (
            "one rule",
            format!(
                "<style>{}</style>{}",
                many(".a{color:red}", 5_000),
                many("<i class=a>", size / 10)
            ),
        ),
        ("deep rules", format!("<style>{rules}</style>{}", many("<i class=a>", size / 10))),
        ("quotes", many("<blockquote>", 500) + &many("<br>x", size / 5)),
        ("entities", many("&amp;", size)),
        ("comments", many("<!--", size)),
        ("open quotes", many("<a href='", size / 10)),
        ("lists", many("<ul><li>", size / 5)),
        ("braces", format!("<style>{}", many("{", size))),
        ("media", format!("<style>{}", many("a{}@media x{", size / 10))),
        ("styles", many("<b style='font-size:9px;color:#eee;background:#123'>x", size / 20)),
        ("fonts", many("<font color=red>", 250) + &many("<div></font>", size / 10)),
    ];
    for (name, bomb) in bombs {
        let start = std::time::Instant::now();
        let seen = visible_text(&bomb);
        let took = start.elapsed();
        if is_timed {
            println!("{:>6} ms  {name}", took.as_millis());
        }
        assert!(seen.text.len() <= 3 * HTML_BYTES_MAX);
        // Quadratic time would be minutes; a busy machine is not.
        assert!(took.as_secs() < 40, "{name} took {took:?}");
    }
}
